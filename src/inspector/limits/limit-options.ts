import type { LimitKeyPlace, LimitOverride } from '../../broker/port/limit-rules-port.js';
import { paceOf, type Rate, usualBurst } from '../../policy/rate.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { whole } from '../../values/option-rules.js';
import { assertWhole, invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { isWellFormed } from '../../values/well-formed.js';
import { type ActorOptions, assertActor } from '../actor.js';
import { encoded, fieldsOf } from '../tasks/task-list-options.js';
import type { LimitKeyReport, LimitReport } from './limit-report.js';

/**
 * Of which part of a limit: a key, or all keys. Of a limit without keys neither is given.
 *
 * @example
 * const scope: LimitScope = { key: 'acme' };
 */
export interface LimitScope {
  /**
   * The key, as the key function of the limit returns it.
   * @default none
   */
  key?: string;
  /**
   * Whether it is about all keys that have nothing of their own.
   * @default false
   */
  allKeys?: boolean;
}

/**
 * What to allow in place of what is declared. What is left out is as declared; of a key as it is for all keys.
 *
 * @example
 * const faster: LimitChange = { key: 'acme', rate: '200/s' };
 * const unlimited: LimitChange = { key: 'acme', concurrency: null };
 */
export interface LimitChange extends LimitScope {
  /**
   * How many tasks run at once: 0 to 1,000,000, or null for any number. 0 starts none. Of an ordered limit 0 or 1.
   * @default as declared
   */
  concurrency?: number | null;
  /**
   * How many tasks start in a time, such as `'200/s'`, or null for any number.
   * @default as declared
   */
  rate?: Rate | null;
  /**
   * With `rate`: how many start at once after a pause, before that holds. 1 to 1,000,000.
   * @default the starts of 50 ms at the rate, and at least 1
   */
  burst?: number;
}

/**
 * For how long to set a limit, and by whom.
 *
 * @example
 * const options: LimitSetOptions = { for: '1d', by: 'anna' };
 */
export interface LimitSetOptions extends ActorOptions {
  /**
   * After this time the limit is as declared again.
   * @default none: until it is reset
   */
  for?: Duration;
}

/**
 * Of which part of a limit to end what was set, and by whom.
 *
 * @example
 * const options: LimitResetOptions = { key: 'acme', by: 'anna' };
 */
export interface LimitResetOptions extends LimitScope, ActorOptions {}

/**
 * Which limits to list.
 *
 * @example
 * const options: LimitListOptions = { limit: 100 };
 */
export interface LimitListOptions {
  /**
   * How many at most, 1 to 1,000.
   * @default 50
   */
  limit?: number;
  /**
   * The `cursor` of the page before.
   * @default from the first one on
   */
  cursor?: string;
}

/**
 * One part of the limits, by name.
 *
 * @example
 * const { limits, cursor }: LimitPage = await inspector.limits.list();
 */
export interface LimitPage {
  /** the limits */
  readonly limits: readonly LimitReport[];
  /** where to go on; undefined at the end */
  readonly cursor: string | undefined;
}

/**
 * Which keys of a limit to list.
 *
 * @example
 * const options: LimitKeyListOptions = { limit: 1_000 };
 */
export interface LimitKeyListOptions {
  /**
   * About how many, 1 to 1,000: those that lie together in Redis come together.
   * @default 50
   */
  limit?: number;
  /**
   * The `cursor` of the page before.
   * @default from the first one on
   */
  cursor?: string;
}

/**
 * One part of the keys of a limit. Keys that come or go while somebody pages may be missing or be listed twice.
 *
 * @example
 * const { keys, cursor }: LimitKeyPage = await inspector.limits.keys('stripe');
 */
export interface LimitKeyPage {
  /** those with something of their own first, then those that are held, then those for which tasks wait */
  readonly keys: readonly LimitKeyReport[];
  /** where to go on; undefined at the end. A page without keys may have one */
  readonly cursor: string | undefined;
}

const MOST = 1_000;
const MOST_AMOUNT = 1_000_000;
const MOST_OF_A_KEY = 1_000;
const CONCURRENCY = whole(0, MOST_AMOUNT);
const BURST = whole(1, MOST_AMOUNT);

/** Of the parts of a `LimitKeyPlace`, the last one is read by keys, and those before it by the cursors of Redis. */
const WAITING = 3;
const LIMIT_KEY = /^[\w-]*$/;
const HASH_CURSOR = /^\d{0,19}$/;

/** @throws NestworkError INVALID_OPTION */
export function resolveLimitList(options: LimitListOptions): { readonly limit: number; readonly after: string } {
  assertKnownOptions(options, ['limit', 'cursor'], 'limits.list()');
  const { limit = 50, cursor } = options;
  assertWhole('limit', limit, MOST);
  if (cursor === undefined) return { limit, after: '' };
  const [after] = fieldsOf(cursor);
  if (typeof after === 'string') return { limit, after };
  throw foreignCursor('list()');
}

export function limitCursor(name: string): string {
  return encoded([name]);
}

/** @throws NestworkError INVALID_OPTION */
export function resolveLimitKeys(options: LimitKeyListOptions): {
  readonly limit: number;
  readonly from: LimitKeyPlace | undefined;
} {
  assertKnownOptions(options, ['limit', 'cursor'], 'limits.keys()');
  const { limit = 50, cursor } = options;
  assertWhole('limit', limit, MOST);
  if (cursor === undefined) return { limit, from: undefined };
  const [part, at] = fieldsOf(cursor);
  if (isPart(part) && typeof at === 'string' && (part === WAITING ? LIMIT_KEY : HASH_CURSOR).test(at)) {
    return { limit, from: { part, at } };
  }
  throw foreignCursor('keys()');
}

export function limitKeyCursor({ part, at }: LimitKeyPlace): string {
  return encoded([part, at]);
}

/** What to set. @throws NestworkError INVALID_OPTION */
export function resolveChange(change: LimitChange): LimitOverride & LimitScope {
  assertKnownOptions(change, ['key', 'allKeys', 'concurrency', 'rate', 'burst'], 'limits.set()');
  const { concurrency, rate, burst } = change;
  if (concurrency !== null) CONCURRENCY.read(concurrency, 'concurrency');
  BURST.read(burst, 'burst');
  const pace = rate === undefined || rate === null ? undefined : paceOf(rate, 'rate');
  if (burst !== undefined && !pace) {
    throw invalid('burst', 'has no `rate`', "Give a rate, too: { rate: '200/s', burst: 400 }.");
  }
  if (concurrency === undefined && rate === undefined) {
    const remedy = "Give a `concurrency`, a `rate`, or both: { rate: '200/s' }. limits.reset() ends what was set.";
    throw invalid('concurrency', 'is not given, and `rate` neither: nothing would change', remedy);
  }
  return {
    ...scopeOf(change),
    most: concurrency,
    intervalUs: pace ? pace.intervalUs : (rate as null | undefined),
    burst: pace && (burst ?? usualBurst(pace)),
  };
}

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function resolveSetOptions(options: LimitSetOptions): { forMs: number | undefined; by: string | undefined } {
  assertKnownOptions(options, ['for', 'by'], 'limits.set()');
  assertActor(options.by);
  const forMs = options.for === undefined ? undefined : toMilliseconds(options.for, 'for');
  if (forMs === 0) throw invalid('for', 'is 0', 'Give a longer time, or leave it out: then it lasts until reset().');
  return { forMs, by: options.by };
}

/** @throws NestworkError INVALID_OPTION */
export function resolveReset(options: LimitResetOptions): LimitScope & { by: string | undefined } {
  assertKnownOptions(options, ['key', 'allKeys', 'by'], 'limits.reset()');
  assertActor(options.by);
  return { ...scopeOf(options), by: options.by };
}

/** @throws NestworkError INVALID_OPTION */
export function assertLimitKey(key: unknown): asserts key is string {
  // half a character would count as the same as others
  if (typeof key === 'string' && key !== '' && key.length <= MOST_OF_A_KEY && isWellFormed(key)) return;
  throw invalid('key', `is ${shown(key)}`, 'Give the key as the key function returns it: 1 to 1,000 characters.');
}

function scopeOf({ key, allKeys }: LimitScope): LimitScope {
  if (key !== undefined) assertLimitKey(key);
  if (allKeys !== undefined && typeof allKeys !== 'boolean') {
    throw invalid('allKeys', `is ${shown(allKeys)}`, 'Give true, or leave it out.');
  }
  if (key !== undefined && allKeys) throw invalid('allKeys', 'stands beside `key`', 'Give one of them.');
  return { ...(key !== undefined && { key }), ...(allKeys && { allKeys }) };
}

function isPart(part: unknown): part is number {
  return Number.isInteger(part) && (part as number) >= 0 && (part as number) <= WAITING;
}

function foreignCursor(call: string): Error {
  return invalid('cursor', `was not returned by ${call}`, 'Pass the `cursor` of the page before as it is.');
}
