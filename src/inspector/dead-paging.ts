import type { Death } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import type { DeadTask } from './dead-task.js';

/**
 * The part of a list to read.
 *
 * @example
 * const page: DeadPageOptions = { limit: 20, order: 'oldest' };
 * const { tasks } = await deadLetters.list({}, page);
 */
export interface DeadPageOptions {
  /**
   * How many tasks at most, 1 to 1,000.
   * @default 50
   */
  limit?: number;
  /**
   * The `cursor` of the page before.
   * @default from the beginning
   */
  cursor?: string;
  /**
   * Which tasks come first, by the time of their death.
   * @default 'newest'
   */
  order?: 'newest' | 'oldest';
  /**
   * Ends the search after this time; its cursor goes on.
   * @default no limit
   */
  within?: Duration;
}

/**
 * One part of a list.
 *
 * @example
 * const { tasks, cursor }: DeadPage = await deadLetters.list({}, { limit: 20 });
 * if (cursor !== undefined) await deadLetters.list({}, { limit: 20, cursor });
 */
export interface DeadPage {
  /** the tasks of the page, in the order that was asked for */
  readonly tasks: readonly DeadTask[];
  /** where the next page goes on; undefined when all was looked at. A page behind it may have no tasks */
  readonly cursor: string | undefined;
  /** how many tasks were looked at for this page: all of the queues and times of the filter */
  readonly looked: number;
  /** about how many are left to look at */
  readonly left: number;
  /**
   * by queue, an entry among its dead tasks that was passed over: it is none, and another program wrote it; left out when there
   * is none
   */
  readonly foreign?: Readonly<Record<string, string>>;
}

export interface ResolvedPage {
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  readonly after: Death | undefined;
  /** by `performance.now()` */
  readonly endsAt: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;
const CURSOR = /^(\d{1,16})-([0-9a-z]{20})$/;

/** @throws NestworkError INVALID_OPTION */
export function resolvePage(options: DeadPageOptions): ResolvedPage {
  assertKnownOptions(options, ['limit', 'cursor', 'order', 'within'], 'A page of dead tasks');
  const { limit = DEFAULT_LIMIT, cursor, order = 'newest', within } = options;
  assertWhole('limit', limit, MAX_LIMIT);
  if (order !== 'newest' && order !== 'oldest') {
    throw invalid('order', 'is not valid', "Give 'newest' or 'oldest'.");
  }
  const endsAt = within === undefined ? Number.POSITIVE_INFINITY : performance.now() + toMilliseconds(within, 'within');
  return { limit, order, after: cursor === undefined ? undefined : positionOf(cursor), endsAt };
}

/** Where the page behind a death goes on. */
export function cursorOf({ diedAt, id }: Death): string {
  return `${diedAt}-${id}`;
}

export function positionOf(cursor: string): Death {
  const [, diedAt, id] = (typeof cursor === 'string' && CURSOR.exec(cursor)) || [];
  if (diedAt !== undefined && id !== undefined) return { diedAt: Number(diedAt), id };
  throw invalid('cursor', 'was not returned by list()', 'Pass the `cursor` of the page before as it is.');
}

function invalid(name: string, what: string, remedy: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `The option \`${name}\` of a page of dead tasks ${what}.`, remedy);
}
