import type { NestworkError } from '../errors.js';
import { nameDigest } from '../message/limit-tag.js';
import { assertKnownOptions } from '../values/known-options.js';
import { whole } from '../values/option-rules.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { assertLimitName } from '../values/task-name.js';
import { paceOf, type Rate, usualBurst } from './rate.js';

/**
 * Computes a key or a tenant from the arguments of a call: a string of 1 to 1,000 characters. It is called by the sender, before
 * `delay()` returns its promise. In a flow, an argument that is the result of another task is null. Write the types of its parameters: the decorator does not know those of the method.
 *
 * @example
 * const key: KeyFunction = (user: { tenant: string }) => user.tenant;
 */
export type KeyFunction = (...args: never[]) => string;

/**
 * How many tasks at once, and how many in a time: for the limit of a queue, in the whole cluster.
 *
 * @example
 * const limit: QueueLimit = { concurrency: 50, rate: '100/s' };
 * TaskQueueModule.forRoot({ queues: ['default', { name: 'mail', limit }] });
 */
export interface QueueLimit {
  /**
   * How many of its tasks run at the same time. 1 to 1,000,000.
   * @default none: any number
   */
  concurrency?: number;
  /**
   * How many of its tasks start in a time, evenly spread.
   * @default none: any number
   */
  rate?: Rate;
  /**
   * How many of its tasks may start at once after a pause, before the `rate` holds. 1 to 1,000,000.
   * @default the starts of 50 ms at the `rate`, and at least 1
   */
  burst?: number;
}

/**
 * A limit of a task: how many run at once, and how many start in a time, in the whole cluster. All tasks that name it share it.
 *
 * @example
 * const stripe: LimitOptions = {
 *   name: 'stripe',
 *   concurrency: 5,
 *   rate: '20/s',
 *   key: (user: { tenant: string }) => user.tenant,
 * };
 */
export interface LimitOptions extends QueueLimit {
  /**
   * 1 to 100 characters of A-Z, a-z, 0-9, "_", ".", ":" and "-". Tasks of an app that give the same name share the limit, and declare
   * it with the same numbers.
   */
  name: string;
  /**
   * A key for which the limit holds by itself, such as a customer, from the arguments of the call.
   * @default none: the limit holds for all calls together
   */
  key?: KeyFunction;
  /**
   * Whether tasks of a key run one after the other in the order in which they were sent, also when one of them waits to be tried again. For
   * `concurrency: 1`.
   * @default false: others go on while one waits to be tried again
   */
  ordered?: boolean;
  /**
   * How to treat a call that could not start at once because the limit is full. `wait`: it waits. `drop`: `delay()` adds nothing, and
   * the handle has `droppedBy`. `reject`: `delay()` rejects with LIMIT_REACHED. Of several full limits the first one in the list decides. Retries
   * always wait, and so does each call until a worker has declared the limit in Redis.
   * @default 'wait'
   */
  onLimit?: 'wait' | 'drop' | 'reject';
}

/** A limit in numbers. */
export interface LimitAmounts {
  /** how many at once; undefined for any number */
  readonly concurrency?: number;
  /** between two starts at an even pace, in microseconds; undefined for no rate */
  readonly intervalUs?: number;
  /** how many starts at once after a pause; undefined without a rate */
  readonly burst?: number;
}

/** A limit of a task, checked. */
export interface LimitRule extends LimitAmounts {
  readonly name: string;
  readonly keyed: boolean;
  readonly key?: KeyFunction;
  readonly ordered: boolean;
  readonly onLimit: OnLimit;
}

/** A message has room for more, but each one is looked at before every start. */
const MOST_LIMITS = 4;
const MOST = 1_000_000;
const AMOUNTS = ['concurrency', 'rate', 'burst'];
const AMOUNT = whole(1, MOST);
export const ON_LIMIT = ['wait', 'drop', 'reject'] as const;
export type OnLimit = (typeof ON_LIMIT)[number];

/**
 * Checks the limits of a task.
 *
 * @param where they stand, for errors: `'@Task() on ReportTasks.send'`
 * @throws NestworkError INVALID_OPTION, INVALID_NAME
 */
export function limitRules(limits: readonly LimitOptions[], where: string): LimitRule[] {
  if (!Array.isArray(limits)) {
    throw invalid(`limits of ${where}`, `is ${shown(limits)}`, "Give a list: [{ name: 'stripe', concurrency: 5 }].");
  }
  if (limits.length > MOST_LIMITS) {
    throw invalid(`limits of ${where}`, `has ${limits.length} limits`, `Give at most ${MOST_LIMITS}.`);
  }
  const rules = limits.map((limit: LimitOptions, at) => limitRule(limit, `limits[${at}] of ${where}`));
  assertDistinct(rules, where);
  return rules;
}

/**
 * The numbers of a limit.
 *
 * @param place for errors: `'limits[0] of @Task() on ReportTasks.send'`
 * @throws NestworkError INVALID_OPTION
 */
export function limitAmounts({ concurrency, rate, burst }: QueueLimit, place: string): LimitAmounts {
  AMOUNT.read(concurrency, within('concurrency', place));
  AMOUNT.read(burst, within('burst', place));
  const pace = rate === undefined ? undefined : paceOf(rate, within('rate', place));
  if (!pace && burst !== undefined) {
    throw invalid(within('burst', place), 'has no `rate`', "Give a rate, too: { rate: '20/s', burst: 40 }.");
  }
  if (!pace && concurrency === undefined) {
    throw invalid(place, 'limits nothing', "Give it a `concurrency`, a `rate`, or both: { rate: '20/s' }.");
  }
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(pace && { intervalUs: pace.intervalUs, burst: burst ?? usualBurst(pace) }),
  };
}

/**
 * Checks the limit of a queue.
 *
 * @param place for errors: `'limit of queue "mail"'`
 * @throws NestworkError INVALID_OPTION
 */
export function queueLimitAmounts(limit: QueueLimit, place: string): LimitAmounts {
  assertKnownOptions(limit, AMOUNTS, place, (option) =>
    option === 'key' ? 'Give a limit with keys to the tasks: @Task({ limits: [{ name, key, ... }] }).' : undefined,
  );
  return limitAmounts(limit, place);
}

function limitRule(limit: LimitOptions, place: string): LimitRule {
  assertKnownOptions(limit, ['name', ...AMOUNTS, 'key', 'ordered', 'onLimit'], place);
  const { name, key, ordered = false, onLimit = 'wait' } = limit;
  assertLimitName(name, place);
  if (key !== undefined && typeof key !== 'function') {
    throw invalid(within('key', place), `is ${shown(key)}`, 'Give a function: (user: User) => user.tenant.');
  }
  if (typeof ordered !== 'boolean')
    throw invalid(within('ordered', place), `is ${shown(ordered)}`, 'Give true or false.');
  if (!ON_LIMIT.includes(onLimit)) {
    throw invalid(within('onLimit', place), `is ${shown(onLimit)}`, "Give 'wait', 'drop' or 'reject'.");
  }
  const amounts = limitAmounts(limit, place);
  if (ordered && amounts.concurrency !== 1) {
    throw invalid(within('ordered', place), 'needs `concurrency: 1`', 'Give it: { concurrency: 1, ordered: true }.');
  }
  return { name, ...amounts, keyed: key !== undefined, ...(key && { key }), ordered, onLimit };
}

/** Redis knows limits by their digests. */
function assertDistinct(rules: readonly LimitRule[], where: string): void {
  for (const [at, { name }] of rules.entries()) {
    const same = rules.slice(0, at).find((other) => nameDigest(other.name) === nameDigest(name));
    if (same) throw sameDigest(same.name, name, where);
  }
}

/** Two limits that Redis could not distinguish. */
export function sameDigest(one: string, other: string, where: string): NestworkError {
  if (one === other) return invalid(`limits of ${where}`, `names "${one}" twice`, 'Name each limit once.');
  return invalid(
    `limits of ${where}`,
    `has "${other}", which Redis could not distinguish from "${one}"`,
    'Give one of them another name: both have the same digest.',
  );
}

function within(option: string, place: string): string {
  const [at, ...rest] = place.split(' of ');
  return [`${at}.${option}`, ...rest].join(' of ');
}
