import type { SupervisorBroker } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import type { AppWorker } from '../task/app-tasks.js';
import { NewNames } from '../values/log-once.js';
import { contested } from './contested-queues.js';
import { cronDifferences } from './cron-differences.js';
import { PeriodicLoop } from './periodic-loop.js';

const EVERY_MS = 60_000;
const RETRY_MS = 5_000;

export interface PeerCheckOptions {
  readonly broker: Pick<SupervisorBroker, 'liveWorkers'>;
  readonly namespace: string;
  /** the data that this worker publishes about its app */
  readonly own: AppWorker;
  /** the crons of the app */
  readonly crons: readonly CronDeclaration[];
  readonly onWarning: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Reads once a minute what the other live workers of the namespace publish, and warns once of each conflict with this
 * worker: a cron that is declared differently, and another app that takes its tasks.
 */
export class PeerCheck extends PeriodicLoop {
  private readonly fired: readonly CronDeclaration[];
  private readonly warned = new NewNames();

  constructor(private readonly options: PeerCheckOptions) {
    super(RETRY_MS, options.onError);
    this.fired = options.crons.filter(({ disabled }) => !disabled);
  }

  /** Idle where there is nothing to compare. */
  override start(): void {
    if (this.fired.length > 0 || this.options.own.app) super.start();
  }

  /** Resolves to when to look again, in ms. */
  async tick(): Promise<number> {
    const { broker, namespace, own, onWarning } = this.options;
    const workers = await broker.liveWorkers();
    const differences = workers.flatMap((worker) => cronDifferences(this.fired, worker));
    for (const { about, what } of [...differences, ...contested(namespace, own, workers)]) {
      if (this.warned.isNew(about)) onWarning(what);
    }
    return EVERY_MS;
  }
}
