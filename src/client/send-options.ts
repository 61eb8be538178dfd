import type { Due } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import type { GivenHeaders } from '../message/headers.js';
import { assertTaskId } from '../message/task-id.js';
import type { UniqueUntil } from '../message/unique-key.js';
import { assertPolicyOptions, CALL_POLICY_OPTIONS, type CallPolicyOptions } from '../policy/policy-options.js';
import { secondsToKeep } from '../policy/result-time.js';
import { isPriority, ORDER_RULES } from '../policy/start-options.js';
import { assertLimitKey } from '../policy/start-tags.js';
import { patienceOf, type ResultOptions } from '../results/result-options.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { isPlainObject } from '../values/option-values.js';
import { unknownQueue } from '../values/queue-names.js';
import { shown } from '../values/shown.js';
import { assertLimitName, assertQueueName } from '../values/task-name.js';
import { withoutGaps } from '../values/without-gaps.js';

/**
 * How to send, for one call. Timeouts and retries given here come before those of the task, its queue and the module.
 *
 * @example
 * const tonight: SendOptions = { eta: new Date('2030-01-01T22:00:00Z'), queue: 'bulk', retries: 3 };
 * await queue.of(ReportTasks).send.with(tonight).delay(7, { weekly: true });
 */
export interface SendOptions extends CallPolicyOptions {
  /** Queue to use instead of the task's own; one of the `queues` of `TaskQueueModule`. */
  queue?: string;
  /**
   * How long to wait before the task runs, from when Redis gets it; at most 10 years.
   * @default none: it runs as soon as a worker is free
   */
  delay?: Duration;
  /** When the task is to run, instead of `delay`; a time in the past means now. */
  eta?: Date;
  /**
   * A key that only one call of this task may have; 1 to 1,000 characters, none a lone surrogate. While another call with the key counts (see `until`),
   * `onConflict` decides. For `delay()`, not for `delayMany()`.
   */
  key?: string;
  /**
   * Until when the task counts as the one with its key: until a worker starts it, or until it is finished, dead or cancelled.
   * @default 'finished'
   */
  until?: UniqueUntil;
  /**
   * How to treat a key that is taken. `drop`: nothing is added, and the handle is the other task's, with `added` false.
   * `replace`: a task that still waits is removed and this one takes its place, which debounces; one that is running
   * goes on, and this one runs as well. `reject`: `delay()` rejects with DUPLICATE_KEY.
   * @default 'drop'
   */
  onConflict?: 'drop' | 'replace' | 'reject';
  /**
   * Headers that the task reads as `TaskContext.headers`: names up to 128 characters and text, 8 KiB in all. Those of several
   * `with()` add up. They come before what `propagate` of `TaskQueueModule` gives; undefined removes one of those.
   * @default none but those of `propagate`
   */
  headers?: GivenHeaders;
  /**
   * For how long Redis keeps what the task returns, from its end: 10 s to 30 days. Before that of `@Task({ result })`.
   * @default that of the task; with `run()` at least its `timeout`
   */
  result?: Duration;
  /**
   * How long `run()` waits for the task to end; then it rejects with a ResultTimeoutError, and the task goes on. For `run()` alone.
   * @default '30s'
   */
  timeout?: Duration;
  /**
   * Ends the wait of `run()`, which rejects with the reason of the signal; the task goes on. For `run()` alone.
   * @default none
   */
  signal?: AbortSignal;
  /**
   * 0 to 9: a task with 9 starts before one with 0. Before that of `@Task({ priority })`.
   * @default that of the task
   */
  priority?: number;
  /**
   * How long the task waits until it counts as one step of `priority` higher: 1 ms to 24 days. Before that of `@Task({ age })`. It needs a
   * priority, of the call or of the task.
   * @default that of the task
   */
  age?: Duration;
  /**
   * The keys of the call for limits that have keys, by the names of the limits: 1 to 1,000 characters. Needed for a task that is sent by its
   * name, and for the callbacks of a batch; otherwise they come before what the `key` functions of `@Task({ limits })` compute.
   * @default what these compute
   * @example
   * await queue.task('InvoiceTasks.charge').with({ limitKeys: { stripe: 'acme' } }).delay(7);
   */
  limitKeys?: Readonly<Record<string, string>>;
  /**
   * The tenant of the call, for a task that takes turns by tenant (`@Task({ fair })`): 1 to 1,000 characters. Needed and used as `limitKeys`.
   * @default what the function computes
   */
  fairKey?: string;
  /** Id of an earlier `delay()` whose outcome is unknown; within ten minutes it is added at most once. */
  id?: string;
  /** Ids of an earlier `delayMany()` whose outcome is unknown, in its order. */
  ids?: readonly string[];
}

const SEND_OPTIONS = [
  'queue',
  'delay',
  'eta',
  'key',
  'until',
  'onConflict',
  'headers',
  'result',
  'timeout',
  'signal',
  'id',
  'ids',
  'priority',
  'age',
  'limitKeys',
  'fairKey',
  ...CALL_POLICY_OPTIONS,
];

/**
 * Checks what `with()` got, on top of what earlier calls of it gave.
 *
 * @param task the name of the task, for errors
 * @param queues those of the app; undefined where the app is only a part of one
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION, INVALID_TASK_ID, UNKNOWN_QUEUE, INVALID_LIMIT_KEY
 */
export function assertSendOptions(options: SendOptions, task: string, queues: readonly string[] | undefined): void {
  const where = `with() on task "${task}"`;
  assertKnownOptions(options, SEND_OPTIONS, where);
  assertPolicyOptions(options, where);
  if (typeof options.backoff === 'function') {
    throw invalid('backoff', task, 'is a function, which cannot travel', 'Give the function to @Task() instead.');
  }
  if (options.queue !== undefined) assertQueue(options.queue, `with({ queue }) on task "${task}"`, queues);
  if (options.id !== undefined) assertTaskId(options.id);
  assertIds(options.ids ?? [], task);
  assertTime(options, task);
  assertKey(options, task);
  assertStart(options, task);
  if (options.result !== undefined) secondsToKeep(options.result, `with({ result }) on task "${task}"`);
  patienceOf(waitOptions(options), `with() on task "${task}"`);
}

/** Those of the options that are about the wait of `run()`. */
export function waitOptions({ timeout, signal }: SendOptions): ResultOptions {
  return withoutGaps({ timeout, signal });
}

/**
 * Refuses what makes no sense for a broadcast: it has no queue and no time, and it is not run again.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertBroadcastOptions(options: unknown, name: string): void {
  assertKnownOptions(options, ['id', 'ids', 'headers'], `with() on broadcast "${name}"`);
}

/** When the task is due; undefined for now, which is a time in ms since 1970. */
export function dueOf({ delay, eta }: SendOptions, now: number): Due | undefined {
  if (delay !== undefined) {
    const ms = toMilliseconds(delay, 'delay');
    return ms > 0 ? { in: ms } : undefined;
  }
  return eta !== undefined && eta.getTime() > now ? { at: eta.getTime() } : undefined;
}

/** The first of the options that keep a full limit from refusing the call at once; undefined for none. */
export function deferringOption(options: SendOptions): 'delay' | 'eta' | 'key' | undefined {
  return (['delay', 'eta', 'key'] as const).find((option) => options[option] !== undefined);
}

export function invalid(option: string, task: string, what: string, remedy: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `with({ ${option} }) on task "${task}" ${what}.`, remedy);
}

function assertQueue(queue: string, where: string, queues: readonly string[] | undefined): void {
  if (queues === undefined) assertQueueName(queue, where);
  else if (!queues.includes(queue)) throw unknownQueue(queue, where, queues);
}

const LATEST_ETA_MS = 10 * 365 * 86_400_000;

function assertTime({ delay, eta }: SendOptions, task: string): void {
  if (delay !== undefined) toMilliseconds(delay, `with({ delay }) on task "${task}"`);
  if (eta === undefined) return;
  if (delay !== undefined) throw invalid('delay, eta', task, 'gives two times', 'Give one of them.');
  const ms = eta instanceof Date ? eta.getTime() : Number.NaN;
  if (ms <= Date.now() + LATEST_ETA_MS) return;
  const remedy = 'Give a valid Date, at most 10 years from now.';
  throw invalid('eta', task, 'is not a time at which it could run', remedy);
}

function assertKey({ key, until, onConflict }: SendOptions, task: string): void {
  if (until !== undefined && until !== 'started' && until !== 'finished') {
    throw invalid('until', task, 'is unknown', "Give 'started' or 'finished'.");
  }
  if (onConflict !== undefined && !['drop', 'replace', 'reject'].includes(onConflict)) {
    throw invalid('onConflict', task, 'is unknown', "Give 'drop', 'replace' or 'reject'.");
  }
  if (key === undefined && (until ?? onConflict) !== undefined) {
    throw invalid('until, onConflict', task, 'has no `key`', 'Give a `key` too: { key: `user-7`, until, onConflict }.');
  }
}

function assertStart({ priority, age, limitKeys, fairKey }: SendOptions, task: string): void {
  const on = `on task "${task}"`;
  if (priority !== undefined && !isPriority(priority)) {
    throw invalid('priority', task, `is ${shown(priority)}`, 'Give a whole number from 0 to 9.');
  }
  ORDER_RULES.age.read(age, `age of with() ${on}`);
  if (fairKey !== undefined) assertLimitKey(fairKey, `fairKey of with() ${on}`);
  if (limitKeys === undefined) return;
  if (!isPlainObject(limitKeys)) {
    throw invalid('limitKeys', task, 'is no object of keys', "Give keys by the names of limits: { stripe: 'acme' }.");
  }
  for (const [name, key] of Object.entries(limitKeys)) {
    assertLimitName(name, `with({ limitKeys }) ${on}`);
    assertLimitKey(key, `limitKeys.${name} of with() ${on}`);
  }
}

/** The second call under an id would count as a repetition of the first, and be lost. */
function assertIds(ids: unknown, task: string): void {
  if (!Array.isArray(ids)) {
    throw invalid('ids', task, 'got something that is not a list', 'Give the `taskIds` of the error as they are.');
  }
  const seen = new Set<string>();
  for (const id of ids) {
    assertTaskId(id);
    if (seen.has(id)) {
      throw new NestworkError('INVALID_OPTION', `with({ ids }) has ${id} twice.`, 'Give each call an id of its own.');
    }
    seen.add(id);
  }
}
