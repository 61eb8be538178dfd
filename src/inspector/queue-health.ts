import type { InspectorBroker, QueueState } from '../broker/broker.js';
import { type Clock, systemClock } from '../task/clock.js';
import { type Duration, toMilliseconds } from '../task/duration.js';
import { enqueuedAtOf } from '../task/task-message.js';

export interface QueueHealthOptions {
  /**
   * How long the next task of a queue may have waited, by the clocks of sender and checker.
   * @default '1m'
   */
  maxWait?: Duration;
  /**
   * The queues to check.
   * @default all of the app
   */
  queues?: readonly string[];
}

/** One queue, as `check` found it. */
export interface QueueReport {
  readonly queue: string;
  readonly healthy: boolean;
  /** why not */
  readonly reason?: string;
  /** tasks that wait, suspects included */
  readonly pending: number;
  /** tasks that are not due yet */
  readonly scheduled: number;
  readonly dead: number;
  /** for how long the next task has waited, in ms; 0 when none waits */
  readonly waitingMs: number;
  /** whether a worker with a lease serves it */
  readonly served: boolean;
}

export interface HealthReport {
  /** whether every queue is healthy */
  readonly healthy: boolean;
  readonly queues: readonly QueueReport[];
  /**
   * Tasks that were done when others had been given them already, counted over all workers since the namespace exists:
   * they ran twice. It grows when supervisors are frozen, or cut off from Redis, for longer than their lease.
   */
  readonly staleAcks: number;
}

/**
 * Tells whether tasks are being consumed, which no ping can: Redis may answer while every worker is gone, blocked, or
 * serves other queues. A queue in which nothing waits is healthy. Inject it anywhere.
 *
 * @example
 * @Get('health')
 * async health() {
 *   const report = await this.queueHealth.check({ maxWait: '30s' });
 *   if (!report.healthy) throw new ServiceUnavailableException(report);
 *   return report;
 * }
 */
export class QueueHealth {
  constructor(
    private readonly broker: InspectorBroker,
    private readonly queues: readonly string[],
    private readonly clock: Clock = systemClock,
  ) {}

  /** @throws NestworkError REDIS_UNAVAILABLE, INVALID_DURATION */
  async check({ maxWait = '1m', queues = this.queues }: QueueHealthOptions = {}): Promise<HealthReport> {
    const maxWaitMs = toMilliseconds(maxWait, 'maxWait');
    const [states, staleAcks] = await Promise.all([this.broker.queueStates(queues), this.broker.staleAcks()]);
    const reports = states.map((state) => report(state, this.clock(), maxWaitMs));
    return { healthy: reports.every(({ healthy }) => healthy), queues: reports, staleAcks };
  }
}

function report(
  { queue, pending, scheduled, suspects, dead, head, served }: QueueState,
  now: number,
  maxWaitMs: number,
): QueueReport {
  // foreign bytes have no time; a worker buries them
  const waitingMs = head === undefined ? 0 : Math.max(now - enqueuedAtOf(head) || 0, 0);
  const reason = reasonOf(pending + suspects > 0 && !served, waitingMs, maxWaitMs);
  const waiting = { pending: pending + suspects, scheduled, dead, waitingMs };
  return { queue, healthy: reason === undefined, reason, ...waiting, served };
}

function reasonOf(abandoned: boolean, waitingMs: number, maxWaitMs: number): string | undefined {
  if (abandoned) return 'tasks wait, and no worker serves the queue';
  if (waitingMs > maxWaitMs) return `the next task has waited for ${Math.round(waitingMs / 1_000)} s`;
  return undefined;
}
