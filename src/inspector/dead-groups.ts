import { createHash } from 'node:crypto';
import type { DeadLetterBroker } from '../broker/port/broker.js';
import type { Duration } from '../values/duration.js';
import { toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import type { ResolvedFilter } from './dead-filter.js';
import { positionOf } from './dead-paging.js';
import { search } from './dead-search.js';
import type { DeadTask } from './dead-task.js';
import { errorPattern } from './error-pattern.js';

/**
 * How far to look for groups.
 *
 * @example
 * const options: DeadGroupOptions = { look: 50_000, within: '5s' };
 * const { groups } = await deadLetters.groups({ since: '1d' }, options);
 */
export interface DeadGroupOptions {
  /**
   * At how many tasks to look, those that died last; 1 to 1,000,000.
   * @default 10_000
   */
  look?: number;
  /**
   * Ends the search after this time; its cursor goes on.
   * @default '5s'
   */
  within?: Duration;
  /**
   * How many groups at most, those that grew last; 1 to 1,000.
   * @default 100
   */
  limit?: number;
  /**
   * The `cursor` of a search that ended early: its groups are those of older tasks.
   * @default from the task that died last on
   */
  cursor?: string;
}

/**
 * Dead tasks of one name that died of one error.
 *
 * @example
 * const line = ({ task, error, count }: DeadGroup): string => `${count} of ${task}: ${error}`;
 */
export interface DeadGroup {
  /** stands for task, code and error in a filter: `deadLetters.redriveAll({ group: key })` */
  readonly key: string;
  /** undefined when neither report nor message contains it */
  readonly task: string | undefined;
  /** why they are dead, such as `TASK_FAILED` or `CRASHED` */
  readonly code: string;
  /** the first line of their error, with `‹…›` for what differs between them: ids, numbers, quoted texts, the paths of URLs */
  readonly error: string;
  /** their queues */
  readonly queues: readonly string[];
  /** how many were found */
  readonly count: number;
  /** when the first of them died */
  readonly first: Date;
  /** when the last of them died */
  readonly last: Date;
  /** how many died in the last minute */
  readonly lastMinute: number;
  /** how many died in each of the last 24 hours; the last one is the hour up to now */
  readonly hours: readonly number[];
  /** the one that died last */
  readonly sample: DeadTask;
}

/**
 * Dead tasks by their errors.
 *
 * @example
 * const { groups, looked, left }: DeadGroups = await deadLetters.groups();
 * if (left > 0) console.log(`${groups.length} errors among the ${looked} that died last; ${left} are older.`);
 */
export interface DeadGroups {
  /** those that grew last come first */
  readonly groups: readonly DeadGroup[];
  /** those beyond `limit` */
  readonly others: {
    /** how many groups */
    readonly groups: number;
    /** how many tasks in them */
    readonly tasks: number;
  };
  /** tasks that were looked at */
  readonly looked: number;
  /** about how many are left to look at */
  readonly left: number;
  /** where to go on; undefined when all was looked at */
  readonly cursor: string | undefined;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HOURS = 24;
const OPTIONS = ['look', 'within', 'limit', 'cursor'];

/** The group of a task, by what it has in common with the others. */
export function groupKey(task: Pick<DeadTask, 'task' | 'code' | 'error'>): string {
  return keyOf(traits(task));
}

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export async function readGroups(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  options: DeadGroupOptions,
): Promise<DeadGroups> {
  assertKnownOptions(options, OPTIONS, 'groups of dead tasks');
  const { look = 10_000, within = '5s', limit = 100, cursor } = options;
  assertWhole('look', look, 1_000_000);
  assertWhole('limit', limit, 1_000);
  const endsAt = performance.now() + toMilliseconds(within, 'within');
  const after = cursor === undefined ? undefined : positionOf(cursor);
  const now = await broker.now();
  const found = new Map<string, Growing>();
  const { foreign: _, ...searched } = await search(broker, filter, { order: 'newest', after, look, endsAt }, (task) => {
    const name = traits(task);
    const group = found.get(name) ?? new Growing(task);
    found.set(name, group);
    group.add(task, now);
    return true;
  });
  const groups = [...found].map(([name, group]) => group.as(keyOf(name)));
  const others = groups.slice(limit);
  const tasks = others.reduce((sum, { count }) => sum + count, 0);
  return { groups: groups.slice(0, limit), others: { groups: others.length, tasks }, ...searched };
}

/** A group while its tasks are found, the newest first. */
class Growing {
  private readonly queues = new Set<string>();
  private readonly hours = new Array<number>(HOURS).fill(0);
  private count = 0;
  private lastMinute = 0;
  private first: Date;

  constructor(private readonly sample: DeadTask) {
    this.first = sample.diedAt;
  }

  add({ queue, diedAt }: DeadTask, now: number): void {
    const age = Math.max(now - diedAt.getTime(), 0);
    const hour = HOURS - 1 - Math.floor(age / HOUR_MS);
    if (hour >= 0) this.hours[hour] = (this.hours[hour] ?? 0) + 1;
    if (age < MINUTE_MS) this.lastMinute += 1;
    this.count += 1;
    this.first = diedAt;
    this.queues.add(queue);
  }

  as(key: string): DeadGroup {
    const { sample, count, first, lastMinute, hours } = this;
    const { task, code, error, diedAt: last } = sample;
    const queues = [...this.queues];
    return { key, task, code, error: errorPattern(error), queues, count, first, last, lastMinute, hours, sample };
  }
}

function traits({ task, code, error }: Pick<DeadTask, 'task' | 'code' | 'error'>): string {
  return JSON.stringify([task ?? null, code, errorPattern(error)]);
}

function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 12);
}
