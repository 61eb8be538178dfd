import type { LimitState } from '../../broker/port/limit-port.js';
import type {
  ClosedLimit,
  HeldSlots,
  LimitBounds,
  LimitEnded,
  LimitKeyRecord,
  LimitOverrideRecord,
  LimitRecord,
  LimitSet,
} from '../../broker/port/limit-rules-port.js';
import { LIMIT_NAME_LENGTH } from '../../message/limit-tag.js';
import { type Rate, rateOf } from '../../policy/rate.js';
import { nearestDate, nearestDateIfAny } from '../../values/dates.js';

/**
 * What a limit allows.
 *
 * @example
 * const text = ({ concurrency, rate }: LimitAllowance): string => `${concurrency ?? 'any number'} at once, ${rate ?? 'at any rate'}`;
 */
export interface LimitAllowance {
  /** how many tasks run at once; undefined for any number */
  readonly concurrency: number | undefined;
  /** how many start in a time; undefined for any number */
  readonly rate: Rate | undefined;
  /** how many start at once after a pause; undefined without a rate */
  readonly burst: number | undefined;
}

/**
 * What somebody has set for a limit or a key, in place of what is declared.
 *
 * @example
 * const text = ({ rate, by, until }: LimitChanged): string => `${rate} by ${by ?? 'an app'}, until ${until?.toISOString() ?? 'it is reset'}`;
 */
export interface LimitChanged {
  /** how many tasks run at once; null for any number, undefined where it is as declared */
  readonly concurrency: number | null | undefined;
  /** how many start in a time; null for any number, undefined where it is as declared */
  readonly rate: Rate | null | undefined;
  /** how many start at once after a pause; undefined where no rate was set */
  readonly burst: number | undefined;
  /** when it was set, by the clock of Redis */
  readonly since: Date;
  /** when it ends by itself, by the clock of Redis; undefined when it lasts until it is reset */
  readonly until: Date | undefined;
  /** the person or program that set it; undefined for the code of an app that gave no name */
  readonly by: string | undefined;
}

/**
 * What was set for a limit or a key, and what that replaces.
 *
 * @example
 * const { replaced }: LimitSetReport = await inspector.limits.set('stripe', { key: 'acme', rate: '200/s' });
 * if (replaced) console.log(`${replaced.by} had set ${replaced.rate}.`);
 */
export interface LimitSetReport extends LimitChanged {
  /** what was set for it before and is over now, as a whole; undefined for nothing */
  readonly replaced: LimitChanged | undefined;
}

/**
 * What a reset of a limit or a key has ended.
 *
 * @example
 * const text = ({ override, stoppedUntil }: LimitReset): string =>
 *   [override && 'what was set', stoppedUntil && 'the stop of a task'].filter(Boolean).join(' and ');
 */
export interface LimitReset {
  /** what was set; undefined for nothing */
  readonly override: LimitChanged | undefined;
  /** until when a task had stopped it, with `RetryTask({ in, limit })`; undefined if none had */
  readonly stoppedUntil: Date | undefined;
}

/**
 * A limit, or a key of one, that somebody has set to 0: nothing starts under it.
 *
 * @example
 * const { closedLimits } = await inspector.status();
 * const text = ({ name, key = 'all', override }: ClosedLimitReport): string => `${name} (${key}) by ${override.by}`;
 * console.log(closedLimits.map(text));
 */
export interface ClosedLimitReport {
  /** the name of the limit; that of the limit of a queue is `queue <queue>` */
  readonly name: string;
  /** whether the limit has keys */
  readonly keyed: boolean;
  /** the key; undefined for the whole limit, of one with keys for all that have nothing of their own */
  readonly key: string | undefined;
  /** what is set, by whom, and until when */
  readonly override: LimitChanged;
}

/**
 * A limit as it stands. Concurrency, rate and burst are those that hold now; of a limit with keys, for each key that has nothing of its own.
 *
 * @example
 * const text = ({ name, used, concurrency, waitingLines }: LimitReport): string => `${name}: ${used} of ${concurrency}, ${waitingLines} lines wait`;
 */
export interface LimitReport extends LimitAllowance {
  /** its name; that of the limit of a queue is `queue <queue>` */
  readonly name: string;
  /** the queue whose limit it is; undefined for a limit of tasks */
  readonly queue: string | undefined;
  /** whether it holds for each key by itself */
  readonly keyed: boolean;
  /** whether the tasks of a key run in the order in which they were sent */
  readonly ordered: boolean;
  /** what the newest worker declares; undefined when no worker declares it any more */
  readonly declared: LimitAllowance | undefined;
  /** what is set for all of it; undefined for nothing */
  readonly override: LimitChanged | undefined;
  /** how many keys are stopped or have an override of their own; 0 for a limit without keys */
  readonly ownKeys: number;
  /** tasks that hold it, under all keys; undefined where more than 20,000 keys of limits are held */
  readonly used: number | undefined;
  /** keys that are held; undefined for a limit without keys, and where more than 20,000 keys of limits are held */
  readonly keysInUse: number | undefined;
  /** lines of tasks that wait for it: tasks with the same limits, keys and tenant wait in one line */
  readonly waitingLines: number;
  /** tasks in these lines, of the limit of a queue all that wait in the queue; undefined where more than 100 lines wait */
  readonly waitingTasks: number | undefined;
  /** when it lets the next task start, if time alone keeps it shut; undefined for a limit with keys */
  readonly opensAt: Date | undefined;
  /** until when a task has stopped it, with `RetryTask({ in, limit })`; undefined for one that is not stopped, and for a limit with keys */
  readonly stoppedUntil: Date | undefined;
}

/**
 * A key of a limit as it stands.
 *
 * @example
 * const text = ({ key, digest, used }: LimitKeyReport): string => `${key ?? digest}: ${used}`;
 */
export interface LimitKeyReport extends LimitAllowance {
  /** the key; undefined where Redis no longer has it in clear */
  readonly key: string | undefined;
  /** 21 characters that stand for the key in Redis */
  readonly digest: string;
  /** what is set for this key; undefined for nothing */
  readonly override: LimitChanged | undefined;
  /** tasks that hold it */
  readonly used: number;
  /** lines of tasks that wait for it */
  readonly waitingLines: number;
  /** tasks in these lines, of the limit of a queue all that wait in the queue; undefined where more than 100 lines wait */
  readonly waitingTasks: number | undefined;
  /** when it lets the next task start, if time alone keeps it shut */
  readonly opensAt: Date | undefined;
  /** until when a task has stopped it, with `RetryTask({ in, limit })`; undefined for one that is not stopped */
  readonly stoppedUntil: Date | undefined;
}

export function reportOfLimit(record: LimitRecord, { byName, isWhole }: HeldSlots): LimitReport {
  const { name, queue, keyed, ordered, declared, override, ownKeys, state, waiting, waitingTasks } = record;
  const held = isWhole ? (byName.get(name) ?? { keys: 0, tasks: 0 }) : undefined;
  return {
    name,
    queue,
    keyed,
    ordered,
    ...allowance(state),
    declared: declared && allowance(declared),
    override: override && changed(override),
    ownKeys: keyed ? ownKeys : 0,
    used: keyed ? held?.tasks : state.used,
    keysInUse: keyed ? held?.keys : undefined,
    waitingLines: waiting,
    waitingTasks,
    opensAt: keyed ? undefined : nearestDateIfAny(state.opensAt),
    stoppedUntil: keyed ? undefined : stopOf(state),
  };
}

export function reportOfKey({ state, override, waiting, waitingTasks }: LimitKeyRecord): LimitKeyReport {
  return {
    key: state.key,
    digest: state.limit.slice(LIMIT_NAME_LENGTH),
    ...allowance(state),
    override: override && changed(override),
    used: state.used,
    waitingLines: waiting,
    waitingTasks,
    opensAt: nearestDateIfAny(state.opensAt),
    stoppedUntil: stopOf(state),
  };
}

export function closedReport({ override, ...limit }: ClosedLimit): ClosedLimitReport {
  return { ...limit, override: changed(override) };
}

export function setReport({ record, replaced }: LimitSet): LimitSetReport {
  return { ...changed(record), replaced: replaced && changed(replaced) };
}

/** Undefined where nothing was ended. */
export function resetReport({ override, stoppedUntil }: LimitEnded): LimitReset | undefined {
  if (!override && stoppedUntil === undefined) return undefined;
  return { override: override && changed(override), stoppedUntil: nearestDateIfAny(stoppedUntil) };
}

function changed({ most, intervalUs, burst, since, until, by }: LimitOverrideRecord): LimitChanged {
  const rate = typeof intervalUs === 'number' ? rateOf(intervalUs) : intervalUs;
  return { concurrency: most, rate, burst, since: nearestDate(since), until: nearestDateIfAny(until), by };
}

function stopOf({ isStopped, opensAt }: LimitState): Date | undefined {
  return isStopped ? nearestDateIfAny(opensAt) : undefined;
}

function allowance({ most, intervalUs, burst }: LimitBounds | LimitState): LimitAllowance {
  const rate = intervalUs === undefined ? undefined : rateOf(intervalUs);
  return { concurrency: most, rate, burst: rate === undefined ? undefined : burst };
}
