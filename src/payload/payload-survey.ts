import { types } from 'node:util';
import { carriedClass, instanceOf, isObjectPrototype } from '../values/carried-kinds.js';
import { Place } from '../values/place.js';
import { isWellFormed } from '../values/well-formed.js';
import { PayloadBudget } from './payload-budget.js';
import { MAX_BYTES, MAX_DEPTH, MAX_LENGTH, refused, remediesForInstance, tooDeep, tooLarge } from './payload-errors.js';
import {
  type Binary,
  hasNamedProperty,
  hasOwnSize,
  isBareArray,
  isIndexOf,
  namedProperty,
  visibleBytes,
} from './payload-extras.js';

/** What has more than 20 digits is worth measuring. */
const LARGE_BIGINT = 1n << 64n;
/** Has more digits than there may be bytes. */
const HUGE_BIGINT = 1n << BigInt(Math.ceil(MAX_BYTES * Math.log2(10)));

/**
 * One walk over the arguments, which refuses what cannot be carried and finds out whether JSON will do.
 *
 * It runs no code of an argument, and asks for the size of a thing before it does work of that size.
 */
export class Survey {
  /** Whether anything needs more than JSON. `JSON.stringify` would call a `toJSON` that somebody added for all. */
  rich: boolean = 'toJSON' in Array.prototype;
  private readonly budget = new PayloadBudget();

  /** @param list must be an array of our own making */
  all(list: readonly unknown[], name: string): void {
    const inside = new Place(list, name, 'index');
    if (list.length > MAX_LENGTH) throw tooLarge(`${name} has ${list.length} elements or more`);
    for (let index = 0; index < list.length; index++) {
      inside.step = index;
      this.value(list[index], inside);
    }
    if (!this.rich) this.budget.assertJson(name);
  }

  private value(value: unknown, at: Place): void {
    this.budget.count(1, at);
    switch (typeof value) {
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.rich = true;
        return;
      case 'string':
        this.string(value, at);
        return;
      case 'undefined':
        this.rich = true;
        return;
      case 'bigint':
        this.bigint(value, at);
        return;
      case 'object':
        if (value !== null) this.object(value, at);
        return;
      default:
        throw refused(at.path, `a ${typeof value}`);
    }
  }

  private string(value: string, at: Place): void {
    // So large that encoding it to count the bytes could fail.
    if (value.length > MAX_BYTES) throw tooLarge(`${at.path} is a string of ${value.length} characters`);
    if (!this.budget.spend(value, value.length, at)) return;
    if (!isWellFormed(value)) throw refused(at.path, 'a string with a lone surrogate');
  }

  private bigint(value: bigint, at: Place): void {
    this.rich = true;
    if (value < LARGE_BIGINT && value > -LARGE_BIGINT) return;
    if (value > HUGE_BIGINT || value < -HUGE_BIGINT) {
      throw tooLarge(`${at.path} is a bigint of more than ${MAX_BYTES} digits`);
    }
    // Decimal digits take time that grows with their square, hexadecimal ones do not.
    const leastDigits = Math.floor((value.toString(16).length - 2) * Math.log10(16));
    this.budget.spend(value, leastDigits, at);
  }

  private object(value: object, at: Place): void {
    // It may answer otherwise when it is encoded, or not at all.
    if (types.isProxy(value)) throw refused(at.path, 'a proxy (pass a copy: { ...it } or [...it])');
    for (let place: Place | string = at; typeof place !== 'string'; place = place.parent) {
      if (place.container === value) throw refused(at.path, 'one of the objects that contain it (a cycle)');
    }
    if (at.depth === MAX_DEPTH) throw tooDeep(at.path);
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Array.prototype && Array.isArray(value)) {
      this.elements(value, at);
    } else if (prototype !== null && !isObjectPrototype(prototype)) {
      this.instance(value, prototype, at);
    } else {
      refuseSymbols(value, at);
      if (prototype !== Object.prototype) this.rich ||= prototype === null || 'toJSON' in prototype;
      this.properties(value, at);
    }
  }

  private elements(array: readonly unknown[], at: Place): void {
    if (array.length > MAX_LENGTH) throw tooLarge(`${at.path} is an array of ${array.length} elements`);
    const inside = new Place(array, at, 'index');
    if (!isBareArray(array)) refuseExtras(array, at, inside);
    for (let index = 0; index < array.length; index++) {
      inside.step = index;
      // A whole descriptor of an element takes three times as long.
      if (lookupGetter.call(array, index) !== undefined) throw refused(inside.path, ACCESSOR);
      const value = array[index];
      if (value === undefined && !isData(array, index)) {
        this.sparse(array, inside);
        return;
      }
      this.value(value, inside);
    }
  }

  /** Of what stands between holes devalue carries only what is enumerable. */
  private sparse(array: readonly unknown[], inside: Place): void {
    this.rich = true;
    this.budget.count(array.length, inside);
    for (const name of Object.getOwnPropertyNames(array)) {
      if (!isIndexOf(array, name)) continue;
      inside.step = Number(name);
      this.property(array, name, inside);
    }
  }

  private properties(object: object, at: Place): void {
    const inside = new Place(object, at, 'property');
    const names = Object.getOwnPropertyNames(object);
    // The shortest there can be is `"":0,`, and all but one are longer.
    if (names.length > MAX_BYTES / 5) throw tooLarge(`${at.path} has ${names.length} properties`);
    let bytes = 0;
    for (const name of names) bytes += name.length;
    // both encodings write the names of each object, but devalue writes each object once
    const isNew = this.budget.spend(object, bytes, at);
    for (const name of names) {
      inside.step = name;
      if (name === '__proto__') throw refused(inside.path, 'a property with that name');
      if (isNew && !isWellFormed(name)) {
        throw refused(inside.path, 'a property with a lone surrogate in its name');
      }
      this.property(object, name, inside);
    }
  }

  private property(object: object, name: string, inside: Place): void {
    const property = Object.getOwnPropertyDescriptor(object, name);
    if (property?.get || property?.set) throw refused(inside.path, ACCESSOR);
    if (!property?.enumerable) throw refused(inside.path, 'a property that is not enumerable');
    this.value(property.value, inside);
  }

  private instance(value: object, prototype: object, at: Place): void {
    const kind = carriedClass(value, prototype);
    if (kind === undefined)
      throw refused(at.path, instanceOf(prototype), { remedies: remediesForInstance(value, prototype) });
    if (kind === 'Array') {
      this.elements(value as unknown[], at);
      return;
    }
    this.rich = true;
    refuseSymbols(value, at);
    if (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) {
      this.binary(value, kind, at);
      return;
    }
    const own = Object.getOwnPropertyNames(value).filter((name) => !(kind === 'RegExp' && name === 'lastIndex'));
    if (own.length > 0) throw refused(at.path, `a ${kind} with properties of its own`);
    if (types.isMap(value)) this.entries(value, new Place(value, at, 'keys'));
    else if (types.isSet(value)) this.members(value, new Place(value, at, 'values'));
    else if (types.isRegExp(value)) this.pattern(value, at);
    else if (kind === 'URL') this.budget.spend(value, (value as URL).href.length, at);
    else if (kind === 'URLSearchParams') this.parameters(value as URLSearchParams, at);
  }

  private binary(value: Binary, kind: string, at: Place): void {
    const refuseExtras = (): never => {
      throw refused(at.path, `a ${kind} with properties of its own`);
    };
    if (hasOwnSize(value)) refuseExtras();
    const bytes = bytesOf(value, at);
    if (bytes > MAX_BYTES) throw tooLarge(`${at.path} holds ${bytes} bytes`);
    if (!this.budget.spend(value, bytes, at)) return;
    if (hasNamedProperty(value)) refuseExtras();
    if ('resizable' in value && value.resizable) throw refused(at.path, 'an ArrayBuffer that can be resized');
  }

  private pattern(value: RegExp, at: Place): void {
    if (!Object.is(value.lastIndex, 0)) throw refused(at.path, 'a RegExp whose lastIndex is not 0');
    this.budget.spend(value, value.source.length, at);
  }

  /** Their text has to be made, so it is measured bit by bit. */
  private parameters(value: URLSearchParams, at: Place): void {
    if (!this.budget.spend(value, 0, at)) return;
    for (const entry of value) this.budget.spend(entry, entry[0].length + entry[1].length, at);
  }

  private entries(map: ReadonlyMap<unknown, unknown>, inside: Place): void {
    let index = 0;
    for (const [key, value] of map) {
      inside.way = 'keys';
      inside.step = index++;
      this.value(key, inside);
      inside.way = 'get';
      inside.step = key;
      this.value(value, inside);
    }
  }

  private members(set: ReadonlySet<unknown>, inside: Place): void {
    let index = 0;
    for (const value of set) {
      inside.step = index++;
      this.value(value, inside);
    }
  }
}

const ACCESSOR = 'an accessor (a getter or a setter)';
const lookupGetter = Reflect.get(Object.prototype, '__lookupGetter__') as (this: object, name: PropertyKey) => unknown;

/** After the class is known to be carried: Node itself hangs symbols on promises, and those are refused by their class. */
function refuseSymbols(value: object, at: Place): void {
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(at.path, 'an object with a symbol as key');
}

/** `inside` belongs to the same array. */
function refuseExtras(array: readonly unknown[], at: Place, inside: Place): void {
  refuseSymbols(array, at);
  const name = namedProperty(array);
  if (name === undefined) return;
  inside.way = 'property';
  inside.step = name;
  throw refused(inside.path, 'a named property of an array');
}

/** No hole, and no setter alone, which reads as undefined as well. */
function isData(array: readonly unknown[], index: number): boolean {
  const property = Object.getOwnPropertyDescriptor(array, index);
  return property !== undefined && property.set === undefined;
}

function bytesOf(value: Binary, at: Place): number {
  try {
    return visibleBytes(value);
  } catch (error) {
    throw refused(at.path, 'binary data whose memory is gone (detached)', { error });
  }
}
