import { types } from 'node:util';
import * as devalue from 'devalue';
import { MAX_BYTES, MAX_LENGTH, refused, tooLarge, undecodable } from './payload-errors.js';
import { Survey } from './payload-survey.js';

/**
 * The arguments of a call as a JSON fragment: the array itself when JSON carries it exactly, otherwise a
 * JSON string with the text of devalue.
 *
 * Beyond JSON it carries `undefined`, `NaN`, the infinities, `-0`, holes, `bigint`, `Date`, `RegExp`, `URL`,
 * `URLSearchParams`, `Map`, `Set`, `ArrayBuffer`, typed arrays (only the part in view), `Buffer` and objects
 * without a prototype. Data that would arrive changed is refused, as are arrays of more than 131,072 elements.
 * References to the same object may arrive as copies. Errors name paths, never values.
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
  const list = listed(args, name);
  const survey = new Survey();
  survey.all(list, name);
  const text = JSON.stringify(survey.rich ? stringifyRich(list, name) : list);
  // No UTF-16 unit takes more than three bytes, so most payloads need no counting.
  if (text.length > MAX_BYTES / 3) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_BYTES) throw tooLarge(`${name} takes ${bytes} bytes`);
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
  if (value.length > MAX_LENGTH) throw undecodable(`The payload of ${owner} has ${value.length} arguments.`);
  // JSON can also spell the name with \u escapes.
  if (text === undefined || text.includes('__proto__') || text.includes('\\u')) refuseProtoKeys(value, owner);
  return value;
}

/** The list itself is not sent: it is spread, as in any other call. */
function listed(args: readonly unknown[], name: string): unknown[] {
  const list: unknown[] = [];
  try {
    // Survey refuses what is longer, before a copy of it could take long.
    const length = Math.min(args.length, MAX_BYTES);
    for (let index = 0; index < length; index++) list.push(args[index]);
  } catch (error) {
    throw refused(name, 'a list that cannot be read', { error });
  }
  return list;
}

function stringifyRich(args: readonly unknown[], name: string): string {
  try {
    return devalue.stringify(args, { Buffer: bytesOfBuffer }, { operations: { viewInfo: visiblePart } });
  } catch (error) {
    throw refused(name, 'holding something that cannot be read, such as a detached buffer', { error });
  }
}

function parseRich(text: string, owner: string): unknown[] {
  let args: unknown;
  try {
    args = devalue.parse(text, { Buffer: bufferOfBytes }, { operations: { createSparseArray } });
  } catch (error) {
    throw undecodable(`The payload of ${owner} is a string, but not the text of devalue.`, error);
  }
  if (!Array.isArray(args)) throw undecodable(`The payload of ${owner} is not an array.`);
  return args;
}

/** Few bytes can stand for billions of holes: to spread them as arguments, or to walk over them, would end the process. */
function createSparseArray(length: number): unknown[] {
  if (length > MAX_LENGTH) throw new RangeError('More holes than are ever sent');
  const array: unknown[] = [];
  // as devalue does it: the engine then keeps no room for the holes, of which there may be many arrays
  array[2 ** 32 - 2] = undefined;
  array.length = 0;
  array.length = length;
  return array;
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
