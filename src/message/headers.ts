import { types } from 'node:util';
import { NestworkError } from '../errors.js';
import { AS_PLAIN_OBJECT, whatIsMissed } from '../values/plain-object.js';
import { isWellFormed } from '../values/well-formed.js';

/**
 * What travels beside the arguments of a call, such as a tenant or a trace: names and values are text, and upper and lower
 * case differ.
 *
 * @example
 * const headers: TaskHeaders = { tenant: 'acme', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
 */
export type TaskHeaders = Readonly<Record<string, string>>;

/**
 * Headers as they are given; one that is undefined is left out.
 *
 * @example
 * const headers: GivenHeaders = { tenant: process.env.TENANT };
 * await queue.of(ReportTasks).send.with({ headers }).delay(7, { weekly: true });
 */
export type GivenHeaders = Readonly<Record<string, string | undefined>>;

/** Names and values of all headers of a call, in bytes of UTF-8. */
const MAX_BYTES = 8 * 1024;
/** The header with which a traced task says when it was sent, and with how many others. */
export const SENT_HEADER = 'nestwork-sent';
/** Headers of a trace that a wrapper has added, which is worth no call. */
const GIVE_WAY: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage', SENT_HEADER]);
const MAX_NAME_LENGTH = 128;
const ABSENT: TaskHeaders = Object.freeze(Object.create(null));

/**
 * A copy of the given headers, each read and checked once.
 *
 * @param where who gave them, for errors: `'with({ headers }) on task "ReportTasks.send"'`
 * @throws NestworkError INVALID_HEADERS, which names headers but never shows a value
 */
export function readHeaders(given: unknown, where: string): GivenHeaders {
  const entries = entriesOf(given, where);
  for (const [name, value] of entries) {
    if (name === '' || name.length > MAX_NAME_LENGTH || name === '__proto__' || !isWellFormed(name)) {
      throw invalid(`A header of ${where} has a name that cannot be used: ${JSON.stringify(name.slice(0, 40))}.`);
    }
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(`Header ${JSON.stringify(name)} of ${where} is not a string.`);
    if (!isWellFormed(value)) throw invalid(`Header ${JSON.stringify(name)} of ${where} has a lone surrogate.`);
  }
  return Object.fromEntries(entries) as GivenHeaders;
}

function entriesOf(given: unknown, where: string): [string, unknown][] {
  if (typeof given !== 'object' || given === null)
    throw invalid(`${where} gives something that is not an object of headers.`);
  if (types.isPromise(given)) throw invalid(`${where} gives a promise instead of an object of headers.`);
  const missed = whatIsMissed(given);
  if (missed !== undefined)
    throw invalid(`${where} gives something that is not a plain object: it ${missed}.`, AS_PLAIN_OBJECT);
  try {
    return Object.entries(given);
  } catch (cause) {
    throw invalid(`The headers that ${where} gives cannot be read.`, [], { cause });
  }
}

/**
 * The headers of a call: those that follow from where it is made, and its own, which come first.
 *
 * @param added by wrappers; where all are too large together, those of a trace are left out
 * @returns undefined when there are none, so that they take no room in the message
 * @throws NestworkError INVALID_HEADERS when they are too large together
 */
export function combineHeaders(
  propagated: GivenHeaders | undefined,
  own: GivenHeaders | undefined,
  task: string,
  added?: GivenHeaders,
): TaskHeaders | undefined {
  const headers = Object.entries({ ...propagated, ...added, ...own }).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  if (headers.length === 0) return undefined;
  const bytes = headers.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (bytes > MAX_BYTES) {
    const needed = Object.entries(added ?? {}).filter(([name]) => !GIVE_WAY.has(name));
    if (added && needed.length < Object.keys(added).length)
      return combineHeaders(propagated, own, task, Object.fromEntries(needed));
    throw invalid(`The headers of this call of task "${task}" take ${bytes} bytes; the limit is ${MAX_BYTES} (8 KiB).`);
  }
  return Object.fromEntries(headers);
}

/** Headers as a task sees them: frozen, and without a prototype, so that no name means anything but itself. */
export function freezeHeaders(headers: TaskHeaders | undefined): TaskHeaders {
  return headers === undefined ? ABSENT : Object.freeze(Object.assign(Object.create(null), headers));
}

/** Whether what came with a message are headers. */
export function areHeaders(value: unknown): value is TaskHeaders {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !Object.hasOwn(value, '__proto__') && Object.values(value).every((text) => typeof text === 'string');
}

function invalid(what: string, remedies: readonly string[] = [], options?: ErrorOptions): NestworkError {
  return new NestworkError(
    'INVALID_HEADERS',
    what,
    [
      'Give an object whose values are strings: { traceparent: "00-..." }. Values that are undefined are left out.',
      ...remedies,
      'Headers are for short facts about where a call comes from; put the data of the task into its arguments.',
    ],
    options,
  );
}
