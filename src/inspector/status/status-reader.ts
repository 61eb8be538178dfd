import type { AppBroker } from '../../broker/port/broker.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import type { CronManager } from '../cron-manager.js';
import type { QueueHealth } from '../queue-health.js';
import type { KnownQueues } from '../queues/known-queues.js';
import type { WorkerInspector } from '../workers/worker-inspector.js';
import { mayClaim } from '../workers/worker-report.js';
import { findingsOf } from './findings.js';
import { flowOf, throughputOf } from './flow.js';
import { MinuteHistory } from './minute-history.js';
import type { QueueStatus, StatusOptions, StatusReport } from './status-report.js';

const HOUR_MS = 3_600_000;

/** The rooms that a status is put together from. */
interface Rooms {
  readonly health: Pick<QueueHealth, 'check'>;
  readonly workers: Pick<WorkerInspector, 'list'>;
  readonly crons: Pick<CronManager, 'list'>;
}

/** Puts the status of a namespace together, for `Inspector.status`, which documents it. */
export class StatusReader {
  private readonly history: MinuteHistory;

  constructor(
    private readonly broker: Pick<AppBroker, 'metrics' | 'deadLetters' | 'checkup'>,
    private readonly known: KnownQueues,
    private readonly rooms: Rooms,
  ) {
    this.history = new MinuteHistory(broker.metrics);
  }

  async read(options: StatusOptions): Promise<StatusReport> {
    assertKnownOptions(options, ['maxWait', 'maxDead'], 'status()');
    const { maxDead = 0, ...health } = options;
    assertCount(maxDead);
    const { metrics, deadLetters } = this.broker;
    const [names, now] = await Promise.all([this.known.all(), metrics.now()]);
    const [{ queues: reports }, deaths, workers, crons, minutes, memory] = await Promise.all([
      this.rooms.health.check({ ...health, queues: names }),
      Promise.all(names.map((queue) => deadLetters.count(queue, { since: now - HOUR_MS }))),
      this.rooms.workers.list(),
      this.rooms.crons.list(),
      this.history.lastHour(now),
      this.broker.checkup.memory(),
    ]);
    const serving = workers.filter(mayClaim);
    const queues = reports.map(
      (report, at): QueueStatus => ({
        ...report,
        workers: serving.filter((worker) => worker.queues.includes(report.queue)).length,
        ...flowOf(report.queue, minutes),
        deadLastHour: deaths[at] ?? 0,
      }),
    );
    const dead = {
      total: queues.reduce((sum, queue) => sum + queue.dead, 0),
      lastHour: deaths.reduce((sum, number) => sum + number, 0),
    };
    const [at, facts] = [new Date(now), { queues, workers, dead, crons, memory }];
    const findings = findingsOf({ at, ...facts }, maxDead);
    const healthy = findings.every(({ severity }) => severity !== 'problem');
    return { at, healthy, findings, throughput: throughputOf(minutes), ...facts };
  }
}

function assertCount(maxDead: number): void {
  if (Number.isInteger(maxDead) && maxDead >= 0) return;
  throw invalid('maxDead', `is ${shown(maxDead)}`, 'Give a whole number from 0.');
}
