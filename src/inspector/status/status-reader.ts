import type { AppBroker } from '../../broker/port/broker.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import type { CronManager } from '../cron-manager.js';
import { closedReport } from '../limits/limit-report.js';
import type { MinuteHistory } from '../metrics/minute-history.js';
import { outboxStatuses } from '../outbox/outbox-status.js';
import type { QueueHealth } from '../queue-health.js';
import type { KnownQueues } from '../queues/known-queues.js';
import type { WorkerInspector } from '../workers/worker-inspector.js';
import { mayClaim } from '../workers/worker-report.js';
import { findingsOf } from './findings.js';
import { flowOf, throughputOf } from './flow.js';
import type { QueueStatus, StatusOptions, StatusReport } from './status-report.js';

const HOUR_MS = 3_600_000;

/** The rooms that a status is put together from. */
interface Rooms {
  readonly health: Pick<QueueHealth, 'judge'>;
  readonly workers: Pick<WorkerInspector, 'from' | 'lapsedFrom'>;
  readonly crons: Pick<CronManager, 'from'>;
}

/** Puts the status of a namespace together, for `Inspector.status`, which documents it. */
export class StatusReader {
  constructor(
    private readonly broker: Pick<AppBroker, 'queueStates' | 'workers' | 'checkup' | 'limitRules' | 'outbox'>,
    private readonly known: KnownQueues,
    private readonly history: MinuteHistory,
    private readonly rooms: Rooms,
  ) {}

  async read(options: StatusOptions): Promise<StatusReport> {
    assertKnownOptions(options, ['maxWait', 'maxDead'], 'status()');
    const { maxDead = 0, maxWait } = options;
    assertCount(maxDead);
    const sessions = await this.broker.workers.sessions();
    const now = sessions.at;
    const names = await this.known.all(sessions);
    const [states, workers, lapsed, crons, minutes, memory, closed, outboxes] = await Promise.all([
      this.broker.queueStates(names, { sessions, diedSince: now - HOUR_MS }),
      this.rooms.workers.from(sessions),
      this.rooms.workers.lapsedFrom(sessions),
      this.rooms.crons.from(sessions),
      this.history.lastHour(now),
      this.broker.checkup.memory(),
      this.broker.limitRules.closed(),
      outboxStatuses(this.broker.outbox),
    ]);
    const serving = workers.filter(mayClaim);
    const queues = this.rooms.health.judge(states, maxWait).map(
      (report, at): QueueStatus => ({
        ...report,
        workers: serving.filter((worker) => worker.queues.includes(report.queue)).length,
        ...flowOf(report.queue, minutes),
        deadLastHour: states[at]?.died ?? 0,
      }),
    );
    const dead = {
      total: queues.reduce((sum, queue) => sum + queue.dead, 0),
      lastHour: queues.reduce((sum, queue) => sum + queue.deadLastHour, 0),
    };
    const [at, facts] = [
      new Date(now),
      { queues, workers, lapsed, dead, crons, memory, closedLimits: closed.map(closedReport), outboxes },
    ];
    const findings = findingsOf({ at, ...facts }, maxDead);
    const healthy = findings.every(({ severity }) => severity !== 'problem');
    return { at, healthy, findings, throughput: throughputOf(minutes), ...facts };
  }
}

function assertCount(maxDead: number): void {
  if (Number.isInteger(maxDead) && maxDead >= 0) return;
  throw invalid('maxDead', `is ${shown(maxDead)}`, 'Give a whole number from 0.');
}
