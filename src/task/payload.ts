import { types } from 'node:util';
import * as devalue from 'devalue';
import { NestworkError } from '../errors.js';

const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 64;

/**
 * The arguments of a call as a JSON fragment: the array itself when JSON carries it exactly, otherwise a
 * JSON string with the text of devalue.
 *
 * Beyond JSON it carries `undefined`, `NaN`, the infinities, `-0`, holes, `bigint`, `Date`, `RegExp` (its
 * `lastIndex` starts at 0 again), `URL`, `URLSearchParams`, `Map`, `Set`, `ArrayBuffer`, typed arrays
 * (only the part in view), `Buffer` and objects without a prototype. Whatever would arrive changed is
 * refused. References to the same object may arrive as copies. Errors name paths, never values.
 *
 * @param args the arguments of one call
 * @param name what the paths in errors begin with; `args` by default
 * @throws NestworkError `UNSERIALIZABLE_ARGUMENT`, naming the path; `PAYLOAD_TOO_DEEP`: an argument nests more
 * than 64 levels; `PAYLOAD_TOO_LARGE`: more than 256 KiB of UTF-8
 *
 * @example
 * encodePayload([7, { weekly: true }]); // '[7,{"weekly":true}]'
 * encodePayload([1n]); // '"[[1],[\\"BigInt\\",\\"1\\"]]"'
 * encodePayload([{ user: new User() }]); // throws: args[0].user ... an instance of class User
 */
export function encodePayload(args: readonly unknown[], name = 'args'): string {
  const survey = new Survey();
  survey.elements(args, new Place(args, name, 'index'));
  const text = JSON.stringify(survey.rich ? stringifyRich(args, name) : args);
  // No UTF-16 unit takes more than three bytes, so most payloads need no counting.
  if (text.length > MAX_BYTES / 3) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_BYTES) throw tooLarge(`The arguments (${name}) take ${bytes} bytes`);
  }
  return text;
}

/**
 * The arguments back from what `JSON.parse` made of an encoded payload.
 *
 * @param value the parsed payload
 * @param text the JSON that `value` came from; optional, spares most payloads the search for `__proto__` keys
 * @param owner whose payload it is, for errors
 * @throws NestworkError `UNDECODABLE_MESSAGE`: no payload of ours, or a `__proto__` key in it
 *
 * @example
 * decodePayload(JSON.parse('[7,{"weekly":true}]')); // [7, { weekly: true }]
 */
export function decodePayload(value: unknown, text?: string, owner = 'a message'): unknown[] {
  if (typeof value === 'string') return parseRich(value, owner);
  if (!Array.isArray(value)) throw undecodable(`The payload of ${owner} is neither an array nor a string.`);
  // JSON can also spell the name with \u escapes.
  if (text === undefined || text.includes('__proto__') || text.includes('\\u')) refuseProtoKeys(value, owner);
  return value;
}

/**
 * A message that no worker can read, with the remedy.
 *
 * @param what the fault, without any part of the payload
 * @param error the error underneath. Parsers quote what they fail on and payloads are secret, so only its
 * kind goes into `cause`
 */
export function undecodable(what: string, error?: unknown): NestworkError {
  return new NestworkError(
    'UNDECODABLE_MESSAGE',
    what,
    'Find out what else writes to these keys; the bytes of the message are kept with the dead tasks.',
    error === undefined ? undefined : { cause: withoutWords(error) },
  );
}

/** A container on the way from the argument list to the value at hand; leads back, for paths and cycles. */
class Place {
  /** Containers around this one. */
  readonly depth: number;
  /** Where in the container the walk is: an index, or a key of an object or a map. */
  step: unknown;

  constructor(
    readonly container: object,
    /** The place of the container itself; of the argument list its name. */
    readonly parent: Place | string,
    /** How to get from the container to the step. */
    public way: 'index' | 'property' | 'get' | 'keys' | 'values',
  ) {
    this.depth = typeof parent === 'string' ? 0 : parent.depth + 1;
  }

  /** Such as `args[0].user.photo`, `args[1].get("k")` or, for the third member of a set, `args[2].values()[2]`. */
  get path(): string {
    return (typeof this.parent === 'string' ? this.parent : this.parent.path) + this.segment;
  }

  private get segment(): string {
    const step = typeof this.step === 'string' ? JSON.stringify(shortened(this.step)) : String(this.step);
    switch (this.way) {
      case 'index':
        return `[${step}]`;
      case 'property':
        return /^"[A-Za-z_$][\w$]*"$/.test(step) ? `.${step.slice(1, -1)}` : `[${step}]`;
      case 'get':
        return `.get(${typeof this.step === 'object' && this.step !== null ? '…' : step})`;
      default:
        return `.${this.way}()[${step}]`;
    }
  }
}

/** In Node.js since 20; the type library of ES2023 does not know it yet. */
type Utf16 = string & { isWellFormed(): boolean };

/** One walk over the arguments, which refuses what cannot be carried and finds out whether JSON will do. */
class Survey {
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
    if (++this.values > MAX_BYTES) throw tooLarge(`The arguments hold more than ${MAX_BYTES} values`);
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
    if (Object.getOwnPropertySymbols(value).length > 0) throw refused(at.path, 'an object with a symbol as key');

    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype !== null && !isObjectPrototype(prototype)) {
      this.instance(value, classNameOf(prototype), at);
    } else {
      if (prototype === null) this.rich = true;
      this.properties(value, new Place(value, at, 'property'));
    }
  }

  private instance(value: object, className: string, at: Place): void {
    if (Array.isArray(value) && className === 'Array') {
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

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function stringifyRich(args: readonly unknown[], name: string): string {
  try {
    return devalue.stringify(args, { Buffer: bytesOfBuffer }, { operations: { viewInfo: visiblePart } });
  } catch (error) {
    throw refused(name, 'holding something that cannot be read, such as a detached buffer', error);
  }
}

function parseRich(text: string, owner: string): unknown[] {
  let args: unknown;
  try {
    args = devalue.parse(text, { Buffer: bufferOfBytes });
  } catch (error) {
    throw undecodable(`The payload of ${owner} is a string, but not the text of devalue.`, error);
  }
  if (!Array.isArray(args)) throw undecodable(`The payload of ${owner} is not an array.`);
  return args;
}

/** devalue would give a Buffer back as a Uint8Array, whose `toString('hex')` is silently something else. */
function bytesOfBuffer(value: unknown): Uint8Array | undefined {
  return Buffer.isBuffer(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

function bufferOfBytes(value: unknown): Buffer {
  if (!types.isUint8Array(value)) throw new TypeError('A Buffer needs bytes');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** devalue would send the whole memory under a view, of which the rest may be somebody else's secrets. */
function visiblePart(view: ArrayBufferView) {
  const { buffer } = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  return { buffer, byteOffset: 0, byteLength: buffer.byteLength, bufferByteLength: buffer.byteLength };
}

/** `JSON.parse` keeps an own `__proto__` key, which a later `Object.assign` would apply. */
function refuseProtoKeys(payload: unknown[], owner: string): void {
  const pending: unknown[] = [payload];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) throw undecodable(`The payload of ${owner} has a __proto__ key.`);
    for (const inner of Object.values(value)) pending.push(inner);
  }
}

function refused(path: string, what: string, error?: unknown): NestworkError {
  return new NestworkError(
    'UNSERIALIZABLE_ARGUMENT',
    `${path} cannot be sent to a worker: it is ${what}.`,
    [
      'Pass an id and let the task load what it needs, or pass plain data.',
      'Carried are JSON values, undefined, NaN, infinities, -0, bigint, Date, RegExp, URL, Map, Set and binary data.',
    ],
    error === undefined ? undefined : { cause: withoutWords(error) },
  );
}

function tooDeep(path: string): NestworkError {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return new NestworkError('PAYLOAD_TOO_DEEP', `${shown} nests deeper than ${MAX_DEPTH} levels.`, [
    'Pass flatter data, or an id and let the task load what it needs.',
    `Look for a cycle at that path: one of more than ${MAX_DEPTH} objects looks the same.`,
  ]);
}

function tooLarge(what: string): NestworkError {
  return new NestworkError(
    'PAYLOAD_TOO_LARGE',
    `${what}; the limit is ${MAX_BYTES} bytes (256 KiB) for all arguments of a task, as they are encoded.`,
    'Store the data elsewhere (a database, an object store) and pass a reference to it.',
  );
}

function withoutWords(error: unknown): Error {
  const kind = error instanceof Error ? error.name : typeof error;
  return new Error(`${kind} (its message is withheld, because it may quote the payload)`);
}
