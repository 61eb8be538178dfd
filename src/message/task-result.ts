import { NestworkError } from '../errors.js';
import { encodePayload } from '../payload/payload.js';
import { type PayloadCodec, PLAIN_PAYLOADS, SEAL_START } from '../payload/payload-codec.js';
import { errorText } from '../values/error-text.js';
import { areRuns, type IdRun, MOST_REFS } from './task-refs.js';

/**
 * What became of a task, as it is kept for those who asked. In Redis it is one string: a letter for the kind, and
 *
 * | letter | behind it                                                                              |
 * | ------ | -------------------------------------------------------------------------------------- |
 * | `d`    | the value in a list of one, as a `PayloadCodec` encodes it                             |
 * | `f`    | failures (2) and crashes (1), base 36, and the report of the dead task, JSON           |
 * | `x`    | `{"error":...,"attempts":...}`: an attempt failed, and the task is not to run again    |
 * | `c`    | nothing: the task was cancelled                                                       |
 * | `u`    | `{"code":...,"error":...}`: the task is done, and its value cannot be kept             |
 * | `n`    | `{"list":...,"ids":...}`: the results of other tasks of its flow stand in place of a value |
 *
 * Scripts write the `f`, see lua/lib/results.lua.
 */
export type TaskResult =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly error: string; readonly attempts: number }
  | { readonly kind: 'dropped'; readonly error: string; readonly attempts: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'passed'; readonly list: boolean; readonly ids: readonly IdRun[] }
  | { readonly kind: 'unkept'; readonly code: UnkeptCode; readonly error: string };

/** The same without the value. */
export type TaskOutcomeKind = { readonly kind: 'done' } | Exclude<TaskResult, { kind: 'done' }>;

/** Why the value of a task that is done cannot be kept. */
export type UnkeptCode = 'RESULT_TOO_LARGE' | 'UNSERIALIZABLE_RESULT';

/** Whose result it is, and how its data lies in Redis. */
export interface ResultOwner {
  readonly id: string;
  readonly sealed: boolean;
  readonly payloads: PayloadCodec;
  /** A text that may quote its data, as it may lie in Redis. */
  sealedText(text: string): string;
}

const OF_PLAIN_TASK: ResultOwner = {
  id: '',
  sealed: false,
  payloads: PLAIN_PAYLOADS,
  sealedText: (text) => text,
};

/** The value that a task returned. Never throws: the task is done, whatever it returned. */
export function encodeDone(value: unknown, task = OF_PLAIN_TASK): string {
  const { id, sealed, payloads } = task;
  try {
    return `d${payloads.encodeResult(encodePayload([value], 'result'), id, sealed)}`;
  } catch (error) {
    const isTooLarge = error instanceof NestworkError && error.code === 'PAYLOAD_TOO_LARGE';
    const code: UnkeptCode = isTooLarge ? 'RESULT_TOO_LARGE' : 'UNSERIALIZABLE_RESULT';
    // it may quote keys of the value
    return `u${JSON.stringify({ code, error: task.sealedText(reasonOf(error)) })}`;
  }
}

/** The results of other tasks in place of a value. */
export function encodePassed(passed: { readonly list: boolean; readonly ids: readonly IdRun[] }): string {
  return `n${JSON.stringify({ list: passed.list, ids: passed.ids })}`;
}

/** What the error says, in words about a result. */
function reasonOf(error: unknown): string {
  const [line = ''] = (error instanceof NestworkError ? error.message : errorText(error)).split('\n', 1);
  return line
    .replace(/ \[\w+\]$/, '')
    .replace('result[0]', 'result')
    .replace(' for all arguments of a task, as they are encoded', '');
}

/** A task that ended with an error and without a trace. */
export function encodeDropped(error: unknown, attempts: number, task = OF_PLAIN_TASK): string {
  return `x${JSON.stringify({ error: task.sealedText(errorText(error)), attempts })}`;
}

export function encodeCancelled(): string {
  return 'c';
}

/** A task that is dead. */
export function encodeFailed(attempts: { failures: number; crashes: number }, report: string): string {
  return `f${attempts.failures.toString(36).padStart(2, '0')}${attempts.crashes.toString(36)}${report}`;
}

/**
 * Reads a result as it lies in Redis.
 *
 * @param payloads opens what is sealed
 * @throws NestworkError UNDECODABLE_MESSAGE for bytes that are none; PAYLOAD_SEALED, PAYLOAD_ALTERED for a value that cannot be opened
 */
export function decodeResult(stored: string, id: string, payloads: PayloadCodec = PLAIN_PAYLOADS): TaskResult {
  const owner = `the result of task ${id}`;
  const rest = stored.slice(1);
  switch (stored.charAt(0)) {
    case 'd':
      return { kind: 'done', value: payloads.decodeResult(parsed(rest, owner), id, owner, rest)[0] };
    case 'f': {
      const { code, error } = textsIn(rest.slice(3), owner);
      const attempts = Number.parseInt(rest.slice(0, 2), 36) + Number.parseInt(rest.charAt(2), 36);
      return { kind: 'failed', code: code ?? 'TASK_FAILED', error: payloads.openText(error ?? '', id), attempts };
    }
    case 'x': {
      const { error = '', attempts = 1 } = textsIn(rest, owner);
      return { kind: 'dropped', attempts, error: payloads.openText(error, id) };
    }
    case 'c':
      return { kind: 'cancelled' };
    case 'u': {
      const { code, error } = textsIn(rest, owner);
      const kept = code === 'RESULT_TOO_LARGE' ? code : 'UNSERIALIZABLE_RESULT';
      return { kind: 'unkept', code: kept, error: payloads.openText(error ?? '', id) };
    }
    case 'n': {
      const { list, ids } = Object(parsed(rest, owner)) as { list?: unknown; ids?: unknown };
      if (!areRuns(ids, MOST_REFS)) throw undecodableResult(owner);
      return { kind: 'passed', list: list === true, ids };
    }
    default:
      throw undecodableResult(owner);
  }
}

/** Whether data of a sealed task is in it. */
export function isSealedResult(stored: string): boolean {
  return stored.startsWith(`d${SEAL_START}`) || /^[fxu].*"error":"\{\\"s\\":\\"/s.test(stored);
}

/**
 * How a task ended, without a look at its value.
 *
 * @throws NestworkError UNDECODABLE_MESSAGE for bytes that are none
 */
export function decodeOutcome(stored: string, id: string, payloads?: PayloadCodec): TaskOutcomeKind {
  return stored.startsWith('d') ? { kind: 'done' } : (decodeResult(stored, id, payloads) as TaskOutcomeKind);
}

interface Texts {
  readonly code?: string;
  readonly error?: string;
  readonly attempts?: number;
}

function textsIn(json: string, owner: string): Texts {
  const { code, error, attempts } = Object(parsed(json, owner)) as Record<keyof Texts, unknown>;
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof error === 'string' && { error }),
    ...(typeof attempts === 'number' && { attempts }),
  };
}

function parsed(json: string, owner: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw undecodableResult(owner);
  }
}

function undecodableResult(owner: string): NestworkError {
  return new NestworkError(
    'UNDECODABLE_MESSAGE',
    `The bytes that are kept as ${owner} are none.`,
    'Find out what else writes to these keys.',
  );
}
