import type { InspectorBroker, QueueState } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { enqueuedAtOf } from '../message/task-message.js';
import type { OutboxTable } from '../outbox/outbox-table.js';
import { type Clock, systemClock } from '../values/clock.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';
import { printable } from '../values/printable.js';
import { unknownQueue } from '../values/queue-names.js';
import { type OutboxReport, outboxReport } from './outbox/outbox-report.js';
import type { KnownQueues } from './queues/known-queues.js';
import { describePause, type QueuePause } from './queues/queue-pauses.js';

export const HEALTH_OPTIONS: readonly string[] = ['maxWait', 'maxDead', 'maxOutboxWait', 'queues'];

const DEFAULT_WAIT_MS = 60_000;
/** The move of due tasks may take a moment, and clocks differ; in ms. */
const UNNOTICED_MS = 5_000;

/**
 * Options of `QueueHealth.check`.
 *
 * @example
 * const options: QueueHealthOptions = { maxWait: '30s', queues: ['critical'] };
 * await queueHealth.check(options);
 */
export interface QueueHealthOptions {
  /**
   * How long the next task of a queue may have waited, by the clocks of sender and checker; for all queues, or by queue. A
   * queue that is not listed has the default.
   * @default '1m'
   */
  maxWait?: Duration | Readonly<Record<string, Duration>>;
  /**
   * How many dead tasks a queue may have; for all queues, or by queue.
   * @default none: any number
   */
  maxDead?: number | Readonly<Record<string, number>>;
  /**
   * How long a row of the outbox may wait for the relay, in an app that has one.
   * @default '1m'
   */
  maxOutboxWait?: Duration;
  /**
   * The queues to check. With them the outbox is checked only if `maxOutboxWait` is given.
   * @default all of the app
   */
  queues?: readonly string[];
}

/**
 * The state of one queue, as `check` found it.
 *
 * @example
 * const { queues } = await queueHealth.check();
 * for (const { queue: name, pending, reason } of queues) logger.log(`${name}: ${pending} pending ${reason ?? ''}`);
 */
export interface QueueReport {
  /** name of the queue */
  readonly queue: string;
  /** whether its tasks are being consumed, in time */
  readonly healthy: boolean;
  /** the reason, if it is not healthy */
  readonly reason?: string;
  /** tasks that wait, quarantined and held-back ones included */
  readonly pending: number;
  /** about how many of them a limit keeps from starting */
  readonly heldBack: number;
  /** tasks that are not due yet, or that are due and not moved yet */
  readonly scheduled: number;
  /** tasks that are dead */
  readonly dead: number;
  /** for how long the next task has waited, or has been due, in ms; 0 when none waits */
  readonly waitingMs: number;
  /** whether a worker serves it that has a lease and a child that has booted */
  readonly served: boolean;
  /** its pause, while it is paused: tasks that wait do not make it unhealthy then */
  readonly paused?: Omit<QueuePause, 'queue'>;
}

/**
 * The result of `QueueHealth.check`.
 *
 * @example
 * const report: HealthReport = await queueHealth.check({ maxWait: '30s' });
 * if (!report.healthy) logger.warn(JSON.stringify(report.queues));
 */
export interface HealthReport {
  /** whether every queue is healthy */
  readonly healthy: boolean;
  /** each queue that was checked */
  readonly queues: readonly QueueReport[];
  /**
   * Tasks that were finished after other workers had taken them, counted over all workers since the namespace exists: they
   * ran twice. It grows when supervisors are frozen, or cut off from Redis, for longer than their lease.
   */
  readonly staleAcks: number;
  /** the outbox of the app, if it has one and it was checked */
  readonly outbox?: OutboxReport;
}

/**
 * Checks whether tasks are being consumed, which a ping cannot: Redis may answer while every worker is gone, blocked, or
 * serves other queues. A queue without waiting tasks is healthy; overdue scheduled tasks count as waiting. Tasks that wait in a
 * paused queue do not make it unhealthy; after the pause their whole waiting time counts. Neither do those that a limit holds back, as long
 * as a worker serves the queue. Inject it anywhere.
 *
 * @example
 * @Controller('health')
 * class HealthController {
 *   constructor(private readonly queueHealth: QueueHealth) {}
 *
 *   @Get()
 *   async check() {
 *     const report = await this.queueHealth.check({ maxWait: '30s' });
 *     if (!report.healthy) throw new ServiceUnavailableException(report);
 *     return report;
 *   }
 * }
 */
export class QueueHealth {
  /** @internal */
  constructor(
    private readonly broker: InspectorBroker,
    private readonly known: KnownQueues,
    private readonly clock: Clock = systemClock,
    private readonly outbox?: Pick<OutboxTable, 'state'>,
  ) {}

  /** @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT, INVALID_DURATION, INVALID_OPTION, UNKNOWN_QUEUE */
  async check(options: QueueHealthOptions = {}): Promise<HealthReport> {
    assertKnownOptions(options, HEALTH_OPTIONS, 'A health check');
    const { maxWait, maxDead, maxOutboxWait, queues = await this.known.all() } = options;
    const maxOutboxWaitMs = toMilliseconds(maxOutboxWait ?? DEFAULT_WAIT_MS, 'maxOutboxWait');
    const table = maxOutboxWait !== undefined || options.queues === undefined ? this.outbox : undefined;
    const judge = judgeOf({ maxWait, maxDead, queues });
    const [states, staleAcks, outbox] = await Promise.all([
      this.broker.queueStates(queues),
      this.broker.staleAcks(),
      table && outboxReport(table, maxOutboxWaitMs),
    ]);
    const reports = states.map((state) => judge(state, this.clock()));
    const healthy = reports.every((report) => report.healthy) && outbox?.healthy !== false;
    return { healthy, queues: reports, staleAcks, ...(outbox && { outbox }) };
  }

  /**
   * Judges states that were read elsewhere.
   *
   * @internal
   */
  judge(states: readonly QueueState[], maxWait: QueueHealthOptions['maxWait']): QueueReport[] {
    const judge = judgeOf({ maxWait, queues: states.map(({ queue }) => queue) });
    return states.map((state) => judge(state, this.clock()));
  }
}

/** @throws NestworkError INVALID_DURATION, INVALID_OPTION, UNKNOWN_QUEUE */
function judgeOf({
  maxWait,
  maxDead,
  queues,
}: QueueHealthOptions & { readonly queues: readonly string[] }): (state: QueueState, now: number) => QueueReport {
  const waits = byQueue('maxWait', maxWait, queues, (wait) => toMilliseconds(wait, 'maxWait'));
  const deads = byQueue('maxDead', maxDead, queues, assertCount);
  return (state, now) =>
    report(state, now, { maxWaitMs: waits(state.queue) ?? DEFAULT_WAIT_MS, maxDead: deads(state.queue) });
}

interface Limits {
  readonly maxWaitMs: number;
  readonly maxDead: number | undefined;
}

function report(
  { queue, pending, heldBack, scheduled, quarantined, dead, head, dueAt, served, contestants, paused }: QueueState,
  now: number,
  limits: Limits,
): QueueReport {
  // foreign bytes have no time; a worker buries them
  const headMs = head === undefined ? 0 : Math.max(now - enqueuedAtOf(head) || 0, 0);
  const overdueMs = Math.max(now - (dueAt ?? now), 0);
  const all = pending + heldBack + quarantined;
  const waiting = all > 0 || overdueMs > UNNOTICED_MS;
  const waitingMs = Math.max(headMs, overdueMs);
  const late = paused ? { abandoned: false, waitingMs: 0 } : { abandoned: waiting && !served, waitingMs };
  const reason = reasonOf({ ...late, dead }, limits);
  const hint = reason === undefined ? '' : contestHint(contestants);
  const counts = { pending: all, heldBack, scheduled, dead, waitingMs };
  const pause = paused && describePause(paused);
  return {
    queue,
    healthy: reason === undefined,
    reason: reason && `${reason}${hint}`,
    ...counts,
    served,
    paused: pause,
  };
}

function reasonOf(
  { abandoned, waitingMs, dead }: { abandoned: boolean; waitingMs: number; dead: number },
  { maxWaitMs, maxDead = Number.POSITIVE_INFINITY }: Limits,
): string | undefined {
  if (abandoned) return 'tasks wait, and no worker of this namespace serves the queue';
  if (waitingMs > maxWaitMs) return `the next task has waited for ${Math.round(waitingMs / 1_000)} s`;
  if (dead > maxDead) return `${dead} tasks are dead, more than ${maxDead}`;
  return undefined;
}

/** Why tasks may wait or die although the queue is healthy. */
function contestHint(apps: readonly string[]): string {
  if (apps.length === 0) return '';
  const names = apps.map((name) => `"${printable(name)}"`).join(' and ');
  return `; the apps ${names} serve it with different tasks: give each a \`namespace\` of its own`;
}

/** The value for all queues, or for each by its name. */
function byQueue<T extends string | number>(
  option: string,
  given: T | Readonly<Record<string, T>> | undefined,
  queues: readonly string[],
  resolve: (value: T) => number,
): (queue: string) => number | undefined {
  if (given === undefined) return () => undefined;
  if (typeof given !== 'object' || given === null) {
    const limit = resolve(given);
    return () => limit;
  }
  assertOptionsObject(given, `\`${option}\` of a health check`);
  const limits = new Map<string, number>();
  for (const [queue, value] of Object.entries<T>(given)) {
    // a limit that is never read would look like one that is kept
    if (!queues.includes(queue)) throw unknownQueue(queue, `\`${option}\` of a health check`, queues);
    limits.set(queue, resolve(value));
  }
  return (queue) => limits.get(queue);
}

function assertCount(most: number): number {
  if (Number.isInteger(most) && most >= 0) return most;
  throw new NestworkError(
    'INVALID_OPTION',
    `The option \`maxDead\` is ${String(most)}.`,
    'Give a whole number from 0.',
  );
}
