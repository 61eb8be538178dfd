import { types } from 'node:util';
import { NestworkError } from '../errors.js';
import { printable } from '../values/printable.js';
import { isError, readText } from '../values/thrown.js';

/** The most that the arguments of a task may take, encoded, in bytes of UTF-8. */
export const MAX_BYTES = 256 * 1024;
/** The most elements of an array: each takes a character at the least, and a comma or a bracket follows it. */
export const MAX_LENGTH = MAX_BYTES / 2;
/** The most levels that an argument may nest. */
export const MAX_DEPTH = 64;

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

interface Refusal {
  /** the error underneath, of which only the kind is kept */
  readonly error?: unknown;
  /** what to send instead, where more is known than that it is no data */
  readonly remedies?: readonly string[];
}

/** What to send in place of data that cannot travel, where nothing closer is known. */
const GENERAL_REMEDIES: readonly string[] = [
  'Pass an id and let the task load what it needs, or pass plain data.',
  'Arguments can hold JSON values, undefined, NaN, infinities, -0, bigint, Date, RegExp, URL, Map, Set and binary data.',
];

/** What a task would have of a DTO of a controller, or of a subclass of what can travel. */
const INSTANCE_REMEDIES: readonly string[] = [
  'Pass an id and let the task load what it needs.',
  'Or pass a plain copy: { ...dto }, list.map((dto) => ({ ...dto })) of a list, new Map(value) of a Map, instanceToPlain(dto) of class-transformer where instances hold further ones, String(id) of an ObjectId or a decimal number.',
  'The task gets an instance again if its method has @UsePipes(new ValidationPipe({ transform: true })): see "Payloads" in docs/nest.md.',
];

/** Under this symbol the prototype of a class of ours has what to do in place of sending its instances. */
export const IN_PLACE = Symbol('nestwork.inPlace');

/** What to send in place of an instance of a class that cannot travel. Runs no code of the value. */
export function remediesForInstance(value: object, prototype: object): readonly string[] {
  const ours: unknown = types.isProxy(prototype)
    ? undefined
    : Object.getOwnPropertyDescriptor(prototype, IN_PLACE)?.value;
  if (ours !== undefined) return ours as readonly string[];
  if (types.isPromise(value)) return ['Await it first: delay(await value).'];
  if (!types.isNativeError(value)) return INSTANCE_REMEDIES;
  return ['Pass what the task needs of it: { name: error.name, message: error.message }.'];
}

/** An argument that would not arrive as it is. */
export function refused(path: string, what: string, { error, remedies }: Refusal = {}): NestworkError {
  return new NestworkError(
    'UNSERIALIZABLE_ARGUMENT',
    `${path} cannot be sent to a worker: it is ${what}.`,
    remedies ?? GENERAL_REMEDIES,
    error === undefined ? undefined : { cause: withoutWords(error) },
  );
}

export function tooDeep(path: string): NestworkError {
  return new NestworkError('PAYLOAD_TOO_DEEP', `${printable(path)} nests deeper than ${MAX_DEPTH} levels.`, [
    'Pass flatter data, or an id and let the task load what it needs.',
    `Look for a cycle at that path: one of more than ${MAX_DEPTH} objects looks the same.`,
  ]);
}

export function tooLarge(what: string): NestworkError {
  return new NestworkError(
    'PAYLOAD_TOO_LARGE',
    `${what}; the limit is ${MAX_BYTES} bytes (256 KiB) for all arguments of a task, as they are encoded.`,
    'Store the data elsewhere (a database, an object store) and pass a reference to it.',
  );
}

function withoutWords(error: unknown): Error {
  const kind = isError(error) ? (readText(error, 'name') ?? 'Error') : typeof error;
  return new Error(`${kind} (its message is withheld, because it may quote the payload)`);
}
