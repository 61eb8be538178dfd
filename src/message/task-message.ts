import { NestworkError } from '../errors.js';
import { decodePayload } from '../payload/payload.js';
import { isSealed, type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { MAX_BYTES, undecodable } from '../payload/payload-errors.js';
import { type CallOptions, decodeCallOptions } from './call-options.js';
import { type GroupTag, groupTagOf } from './group-tag.js';
import { limitKeysOf } from './limit-tag.js';
import { openedCulprit } from './opened-error.js';
import { type ResultTag, resultTagOf } from './result-tag.js';
import { bodyStart, HEADER_LENGTH, tagLetters } from './tags.js';
import { isTaskId, TASK_ID_LENGTH } from './task-id.js';
import type { UniqueUntil } from './unique-key.js';

/*
 * A message lies in Redis as one string, and this is the layout that the Lua scripts rely on. The header is
 * ASCII of fixed width, so that scripts cut it with `string.sub` and never decode JSON (cjson changes long
 * numbers and empty arrays). Numbers are base 36 in lower case, padded with zeros; `tonumber(text, 36)`
 * reads them.
 *
 * | field      | `string.sub` | width | holds                                                           |
 * | ---------- | ------------ | ----- | --------------------------------------------------------------- |
 * | id         | 1, 20        | 20    | task id: producer (10), lane (2) and sequence number (8)        |
 * | version    | 21, 21       | 1     | one digit, now `1`; a reader refuses any other                  |
 * | failures   | 22, 23       | 2     | attempts that the handler failed; a script stops at 1295 (`zz`) |
 * | crashes    | 24, 24       | 1     | attempts that killed their process alone; stops at 35 (`z`)     |
 * | suspicions | 25, 25       | 1     | deaths beside other tasks; stops at 35 (`z`)                    |
 * | enqueuedAt | 26, 34       | 9     | milliseconds since 1970; good until the year 5188               |
 * | tags       | 35, ...      | 28 n  | none or more, each a letter and 27 characters, see tags.ts      |
 * | body       | 35 + 28 n, -1 |      | JSON: `["Task.name",<payload>]`, payload as a `PayloadCodec` made it; what the call set for itself follows as a third element |
 * | history    | after `\\n`   |       | a line of JSON per attempt that failed, see attempt-record.ts   |
 *
 * @example
 * // task 7 of a producer, failed once: ReportTasks.send(7, { weekly: true })
 * 'k3v9x0q2m7ab00000007' + '1' + '01' + '0' + '0' + '0mfzix0w0' + '["ReportTasks.send",[7,{"weekly":true}]]'
 */
const VERSION = '1';
const UNTOUCHED = `${VERSION}0000`;
const HEADER = /^[0-9a-z]{20}1[0-9a-z]{13}/;
/** Four times what arguments, headers and options can take. */
const MAX_BODY_LENGTH = 4 * (MAX_BYTES + 64 * 1024);
type Writable = TaskMessage & { args: unknown[] };

const NO_ARGUMENTS: unknown[] = [];
const NOTHING_SET: CallOptions = Object.freeze({});
const NO_LIMITS: readonly string[] = Object.freeze([]);

/** One call of a task, as a worker gets it. */
export interface TaskMessage {
  /** The task id. */
  readonly id: string;
  /** The name of the task, such as `ReportTasks.send`; not necessarily one that this worker knows. */
  readonly name: string;
  /** The arguments of the call, equal to those given to `delay()`. Throws `closed`, if that is there. */
  readonly args: unknown[];
  /** Whether the arguments were sealed. */
  readonly sealed: boolean;
  /** Why they cannot be opened: PAYLOAD_SEALED or PAYLOAD_ALTERED; undefined for most. */
  readonly closed: NestworkError | undefined;
  /** What the call set for itself; empty for most. */
  readonly options: CallOptions;
  /** When the task came, or comes, into its queue: milliseconds since 1970. */
  readonly enqueuedAt: number;
  /** Attempts that ended because the handler failed. */
  readonly failures: number;
  /** Attempts that ended because the process died, with this task as the only one started. */
  readonly crashes: number;
  /** Times that a process died while it ran this task beside others. */
  readonly suspicions: number;
  /** How long it counts as unique, if it is. */
  readonly unique: UniqueUntil | undefined;
  /** Whether and how its result is kept; mostly it is not. */
  readonly result: ResultTag | undefined;
  /** The batch or flow that it belongs to; mostly it belongs to none. */
  readonly group: GroupTag | undefined;
  /** Whether its end frees a limit; mostly it has none. */
  readonly limited: boolean;
  /** The keys of its limits, as `limitKey` makes them; mostly none. */
  readonly limits: readonly string[];
  /** Whether its history has an attempt. A redrive resets the counters and keeps the history. */
  readonly tried: boolean;
}

/** What makes a message. */
export interface NewMessage {
  /** a valid task id */
  readonly id: string;
  readonly name: string;
  /** from a `PayloadCodec` */
  readonly payload: string;
  /** whole milliseconds since 1970: now, or for a scheduled task when it is due */
  readonly enqueuedAt: number;
  readonly options?: CallOptions;
  /** each as long as TAG_LENGTH, such as `encodeUnique` makes them */
  readonly tags?: string;
}

/**
 * A fresh message, its three counters zero.
 *
 * The payload arrives encoded, so that a bad argument throws before an id is spent on it.
 *
 * @param task none of it is checked again here
 *
 * @example
 * const payload = encodePayload([7, { weekly: true }]);
 * const raw = encodeMessage({ id: ids.next(), name: 'ReportTasks.send', payload, enqueuedAt: Date.now() });
 */
export function encodeMessage({ id, name, payload, enqueuedAt, options, tags = '' }: NewMessage): string {
  const time = enqueuedAt.toString(36).padStart(9, '0');
  const set = options === undefined ? '' : `,${JSON.stringify(options)}`;
  return `${id}${UNTOUCHED}${time}${tags}[${JSON.stringify(name)},${payload}${set}]`;
}

/**
 * Reads a message as it lies in Redis.
 *
 * @param payloads opens what is sealed: without the key, the rest of the message can be read, and `closed` says so
 * @throws NestworkError `UNDECODABLE_MESSAGE`: too short, no header of ours, written by another version, or a
 * body that is no call. It never shows the payload; `cause` has only the kind of an error underneath.
 *
 * @example
 * const { name, args } = decodeMessage(raw);
 */
export function decodeMessage(raw: string, payloads: PayloadCodec = PLAIN_PAYLOADS): TaskMessage {
  assertHeader(raw);
  const id = idOf(raw);
  const start = bodyStart(raw);
  const end = raw.indexOf('\n');
  const body = raw.slice(start, end < 0 ? undefined : end);
  const [name, payload, options] = parseBody(id, body);
  const message: Writable = {
    id,
    name,
    args: NO_ARGUMENTS,
    sealed: false,
    closed: undefined,
    options: options === undefined ? NOTHING_SET : decodeCallOptions(options, `task ${id}`),
    enqueuedAt: enqueuedAtOf(raw),
    failures: Number.parseInt(raw.slice(21, 23), 36),
    crashes: Number.parseInt(raw.charAt(23), 36),
    suspicions: Number.parseInt(raw.charAt(24), 36),
    unique: start === HEADER_LENGTH ? undefined : uniqueUntil(raw),
    result: start === HEADER_LENGTH ? undefined : resultTagOf(raw),
    group: start === HEADER_LENGTH ? undefined : groupTagOf(raw),
    limited: start !== HEADER_LENGTH && isLimited(raw),
    limits: start === HEADER_LENGTH ? NO_LIMITS : limitKeysOf(raw),
    tried: end >= 0,
  };
  // neither an array nor a string: compressed, or sealed
  if (typeof payload !== 'object' || Array.isArray(payload)) {
    message.args = withOpenedCulprit(decodePayload(payload, body, `task ${id}`), payloads);
    return message;
  }
  const sealed = isSealed(payload);
  try {
    return { ...message, args: payloads.decode(payload, name, `task ${id}`), sealed };
  } catch (error) {
    if (!sealed) throw error;
    return closedBy(error as NestworkError, message);
  }
}

/**
 * The arguments of a callback of a batch are its status, which a script has written: the error of its culprit is as the report of that has it,
 * and may be sealed.
 */
function withOpenedCulprit(args: unknown[], payloads: PayloadCodec): unknown[] {
  const [status] = args;
  if (args.length !== 1 || typeof status !== 'object' || status === null || !('culprit' in status)) return args;
  const { id, error } = Object(status.culprit) as { id?: unknown; error?: unknown };
  if (typeof id !== 'string' || typeof error !== 'string') return args;
  return [{ ...status, culprit: openedCulprit(status.culprit as { id: string; error: string }, payloads) }];
}

/** A message whose arguments cannot be opened: to take them for none would run the task without any. */
function closedBy(closed: NestworkError, message: TaskMessage): TaskMessage {
  return Object.defineProperty({ ...message, sealed: true, closed }, 'args', {
    get: () => {
      throw closed;
    },
  });
}

/**
 * The id that stands in front of a message, without decoding it.
 *
 * @example
 * idOf(raw); // 'k3v9x0q2m7ab00000001'
 */
export function idOf(raw: string): string {
  return raw.slice(0, TASK_ID_LENGTH);
}

/**
 * Whether a text begins as a message of this version does, so that scripts may take it for one. What follows is not looked at.
 *
 * @example
 * hasHeader(raw); // false for bytes of others
 */
export function hasHeader(raw: string): boolean {
  return HEADER.test(raw);
}

/**
 * Which attempt at the task a worker would make now, from 1.
 *
 * Suspicions do not count: another task may have killed the process.
 *
 * @example
 * attemptOf(decodeMessage(raw)); // 1, unless it failed or crashed before
 */
export function attemptOf(message: Pick<TaskMessage, 'failures' | 'crashes'>): number {
  return message.failures + message.crashes + 1;
}

function assertHeader(raw: string): void {
  if (HEADER.test(raw)) return;
  if (raw.length < HEADER_LENGTH) {
    throw undecodable(`A message has ${raw.length} characters, fewer than the ${HEADER_LENGTH} of its header.`);
  }
  const id = idOf(raw);
  if (!isTaskId(id)) throw undecodable('A message does not begin with a task id.');
  const version = raw.charAt(20);
  if (version !== VERSION && /[0-9a-z]/.test(version)) {
    throw new NestworkError(
      'UNDECODABLE_MESSAGE',
      `Task ${id} was written in message version ${version}; this worker reads version ${VERSION}.`,
      'Update the workers before the apps that enqueue, then requeue the task: its bytes are kept.',
    );
  }
  throw undecodable(
    `The header of task ${id} has something other than base 36 digits in its version, counters or time.`,
  );
}

function parseBody(id: string, body: string): [name: string, payload: unknown, options?: unknown] {
  // parsing foreign bytes could take more memory than the process has
  if (body.length > MAX_BODY_LENGTH) throw undecodable(`The body of task ${id} has ${body.length} characters.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw undecodable(`The body of task ${id} is not JSON.`, error);
  }
  if (!Array.isArray(parsed) || parsed.length < 2 || parsed.length > 3 || typeof parsed[0] !== 'string') {
    throw undecodable(`The body of task ${id} is not a pair of task name and payload, with or without options.`);
  }
  return parsed as [string, unknown, unknown];
}

/** Until when a message counts as unique, if it does, without decoding it. */
export function uniqueUntil(raw: string): UniqueUntil | undefined {
  const letters = tagLetters(raw);
  if (letters.includes('s')) return 'started';
  return letters.includes('f') ? 'finished' : undefined;
}

/** Whether a claimed message has a limit, its own or that of its queue. */
function isLimited(raw: string): boolean {
  return /[lq]/.test(tagLetters(raw));
}

/**
 * Whether a process died with this task before, so that it runs alone now. Takes the message as it lies in Redis.
 *
 * @example
 * isQuarantined(raw); // false for a fresh message
 */
export function isQuarantined(raw: string): boolean {
  return raw.slice(23, 25) !== '00';
}

/**
 * When a message came into its queue, in ms since 1970, without decoding it; `NaN` for bytes that are no message.
 *
 * @example
 * Date.now() - enqueuedAtOf(raw); // for how long it has waited
 */
export function enqueuedAtOf(raw: string): number {
  return Number.parseInt(raw.slice(25, HEADER_LENGTH), 36);
}
