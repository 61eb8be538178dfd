import type { InspectorBroker, QueueState } from '../broker/broker.js';
import { type Duration, toMilliseconds } from '../task/duration.js';
import { enqueuedAtOf } from '../task/task-message.js';

/**
 * What `QueueHealth.check` looks at.
 *
 * @example
 * const options: QueueHealthOptions = { maxWait: '30s', queues: ['critical'] };
 * await queueHealth.check(options);
 */
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

/**
 * One queue, as `check` found it.
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
  /** why not */
  readonly reason?: string;
  /** tasks that wait, suspects included */
  readonly pending: number;
  /** tasks that are not due yet */
  readonly scheduled: number;
  /** tasks that nobody will run again by itself */
  readonly dead: number;
  /** for how long the next task has waited, in ms; 0 when none waits */
  readonly waitingMs: number;
  /** whether a worker with a lease serves it */
  readonly served: boolean;
}

/**
 * What `QueueHealth.check` found.
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
    private readonly queues: readonly string[],
  ) {}

  /** @throws NestworkError REDIS_UNAVAILABLE, INVALID_DURATION */
  async check({ maxWait = '1m', queues = this.queues }: QueueHealthOptions = {}): Promise<HealthReport> {
    const maxWaitMs = toMilliseconds(maxWait, 'maxWait');
    const [states, staleAcks] = await Promise.all([this.broker.queueStates(queues), this.broker.staleAcks()]);
    const reports = states.map((state) => report(state, Date.now(), maxWaitMs));
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
