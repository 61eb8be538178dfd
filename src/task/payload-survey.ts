import { types } from 'node:util';
import { MAX_BYTES, MAX_DEPTH, refused, tooDeep, tooLarge } from './payload-errors.js';
import { Place, shortened } from './payload-place.js';

/** In Node.js since 20; the type library of ES2023 does not know it yet. */
type Utf16 = string & { isWellFormed(): boolean };

/** One walk over the arguments, which refuses what cannot be carried and finds out whether JSON will do. */
export class Survey {
  /** Whether anything needs more than JSON. */
  rich: boolean = false;
  private values = 0;

  elements(array: readonly unknown[], inside: Place): void {
    const keys = Object.keys(array);
    // Indexes come first: if the last key is the last index and none is missing, there is nothing else.
    if (keys.length === array.length && (keys.length === 0 || keys.at(-1) === String(array.length - 1))) {
      for (let index = 0; index < array.length; index++) {
        inside.step = index;
        this.value(array[index], inside);
      }
      return;
    }
    this.rich = true;
    // By the keys that there are, because a sparse array may be billions long.
    for (const key of keys) {
      const index = Number(key) >>> 0;
      if (String(index) !== key || index >= array.length) {
        inside.way = 'property';
        inside.step = key;
        throw refused(inside.path, 'a named property of an array');
      }
      inside.step = index;
      this.value(array[index], inside);
    }
  }

  private value(value: unknown, at: Place): void {
    // A value takes a byte at the least. The bound also ends the walk where shared references multiply.
    if (++this.values > MAX_BYTES) throw tooLarge(`${at.path} is past ${MAX_BYTES} values`);
    switch (typeof value) {
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.rich = true;
        return;
      case 'string':
        // So large that encoding it to count the bytes could fail.
        if (value.length > MAX_BYTES) throw tooLarge(`${at.path} is a string of ${value.length} characters`);
        if (!(value as Utf16).isWellFormed()) throw refused(at.path, 'a string with a lone surrogate');
        return;
      case 'undefined':
      case 'bigint':
        this.rich = true;
        return;
      case 'object':
        if (value !== null) this.object(value, at);
        return;
      default:
        throw refused(at.path, `a ${typeof value}`);
    }
  }

  private object(value: object, at: Place): void {
    for (let place: Place | string = at; typeof place !== 'string'; place = place.parent) {
      if (place.container === value) throw refused(at.path, 'one of the objects that contain it (a cycle)');
    }
    if (at.depth === MAX_DEPTH) throw tooDeep(at.path);
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype !== null && !isObjectPrototype(prototype)) {
      this.instance(value, classNameOf(prototype), at);
    } else {
      refuseSymbols(value, at);
      if (prototype === null) this.rich = true;
      this.properties(value, new Place(value, at, 'property'));
    }
  }

  private instance(value: object, className: string, at: Place): void {
    if (Array.isArray(value) && className === 'Array') {
      refuseSymbols(value, at);
      this.elements(value, new Place(value, at, 'index'));
      return;
    }
    this.rich = true;
    if (isBytes(value, className)) {
      if (value.byteLength > MAX_BYTES) throw tooLarge(`${at.path} holds ${value.byteLength} bytes`);
      return;
    }
    if (!INSTANCES.get(className)?.(value)) {
      throw refused(at.path, `an instance of ${className === '' ? 'an anonymous class' : `class ${className}`}`);
    }
    refuseSymbols(value, at);
    if (Object.keys(value).length > 0) throw refused(at.path, `a ${className} with properties of its own`);
    if (types.isMap(value)) this.entries(value, new Place(value, at, 'keys'));
    else if (types.isSet(value)) this.members(value, new Place(value, at, 'values'));
  }

  private properties(object: object, inside: Place): void {
    for (const name of Object.getOwnPropertyNames(object)) {
      inside.step = name;
      const property = Object.getOwnPropertyDescriptor(object, name);
      if (property?.get || property?.set) throw refused(inside.path, 'an accessor (a getter or a setter)');
      if (!property?.enumerable) throw refused(inside.path, 'a property that is not enumerable');
      if (name === '__proto__') throw refused(inside.path, 'a property with that name');
      if (!(name as Utf16).isWellFormed()) throw refused(inside.path, 'a property with a lone surrogate in its name');
      this.value(property.value, inside);
    }
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

/** After the class is known to be carried: Node itself hangs symbols on promises, and those are refused by their class. */
function refuseSymbols(value: object, at: Place): void {
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(at.path, 'an object with a symbol as key');
}

/** The classes whose direct instances devalue carries, and how to know one that no subclass or fake can imitate. */
const INSTANCES = new Map<string, (value: unknown) => boolean>([
  ['Date', types.isDate],
  ['RegExp', types.isRegExp],
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['URL', (value) => value instanceof URL],
  ['URLSearchParams', (value) => value instanceof URLSearchParams],
]);

function isBytes(value: object, className: string): value is ArrayBuffer | ArrayBufferView {
  if (Buffer.isBuffer(value)) return className === 'Buffer';
  // The tag of a view or buffer comes from its own kind, whatever a subclass is called.
  return (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) && className === tagOf(value);
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Also the one of another realm, such as that of Node.js itself under Jest. */
function isObjectPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function classNameOf(prototype: object): string {
  const name: unknown = prototype.constructor?.name;
  return typeof name === 'string' ? shortened(name) : '';
}
