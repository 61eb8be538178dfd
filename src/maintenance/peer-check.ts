import type { LimitDeclaration, SupervisorBroker } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import type { AppWorker } from '../task/app-tasks.js';
import { NewNames } from '../values/log-once.js';
import { contested } from './contested-queues.js';
import { cronDifferences } from './cron-differences.js';
import { limitDifferences } from './limit-differences.js';
import { type PeriodicLoop, periodically } from './periodic-loop.js';

const EVERY_MS = 60_000;
const RETRY_MS = 5_000;

export interface PeerCheckOptions {
  readonly broker: Pick<SupervisorBroker, 'liveWorkers'>;
  readonly namespace: string;
  /** the data that this worker publishes about its app */
  readonly own: AppWorker;
  /** the crons of the app */
  readonly crons: readonly CronDeclaration[];
  /** the limits of the app */
  readonly limits: readonly LimitDeclaration[];
  readonly onWarning: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Reads once a minute what the other live workers of the namespace publish, and warns once of each conflict with this
 * worker: a cron or a limit that is declared differently, and another app that takes its tasks. Undefined where there is nothing to compare.
 */
export function peerCheck(options: PeerCheckOptions): PeriodicLoop | undefined {
  const { broker, namespace, own, limits, onWarning, onError } = options;
  const fired = options.crons.filter(({ disabled }) => !disabled);
  if (fired.length + limits.length === 0 && !own.app) return undefined;
  const warned = new NewNames();
  const compare = async (): Promise<number> => {
    const workers = await broker.liveWorkers();
    const differences = workers.flatMap((worker) => [
      ...cronDifferences(fired, worker),
      ...limitDifferences(limits, worker),
    ]);
    for (const { about, what } of [...differences, ...contested(namespace, own, workers)]) {
      if (warned.isNew(about)) onWarning(what);
    }
    return EVERY_MS;
  };
  return periodically(compare, RETRY_MS, onError);
}
