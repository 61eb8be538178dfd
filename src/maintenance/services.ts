import type { Logger } from '@nestjs/common';
import type { Broker, CatalogEntry, LimitDeclaration } from '../broker/port/broker.js';
import { cronsAmong } from '../cron/cron-definition.js';
import type { AppSettings } from '../ipc/ipc-protocol.js';
import type { AppWorker } from '../task/app-tasks.js';
import { printable } from '../values/printable.js';
import { CronLoop } from './cron-loop.js';
import { deadJanitor } from './dead-janitor.js';
import { limitJanitor } from './limit-janitor.js';
import { peerCheck } from './peer-check.js';
import type { Service } from './periodic-loop.js';
import { Promoter } from './promoter.js';
import { queueSampler } from './queue-sampler.js';
import { reaper } from './reaper.js';
import { RunTimeCronLoop } from './run-time-crons.js';

export interface WorkerServicesOptions extends AppWorker {
  readonly broker: Broker;
  readonly settings: AppSettings;
  readonly catalog: readonly CatalogEntry[];
  /** the limits of the app; none by default */
  readonly limits?: readonly LimitDeclaration[] | undefined;
  readonly leaseMs: number;
  /** whether tasks are counted */
  readonly metrics: boolean;
  readonly logger: Pick<Logger, 'warn'>;
  /** A step failed and is tried again. */
  readonly onError: (error: unknown) => void;
}

/** The loops that every worker runs beside its tasks, whether it has children or not. */
export function workerServices({
  broker,
  settings,
  catalog,
  limits = [],
  queues,
  app,
  leaseMs,
  metrics,
  logger,
  onError,
}: WorkerServicesOptions): Service[] {
  const crons = cronsAmong(catalog);
  const onWarning = (warning: string): void => logger.warn(warning);
  const runTimeCrons = new RunTimeCronLoop({
    ...{ broker: broker.crons, queues, tasks: new Set(catalog.map(({ name }) => name)) },
    ...{ declared: new Set(crons.map(({ name }) => name)), onWarning, onError },
  });
  const loops = [
    reaper({
      broker,
      leaseMs,
      onReaped: (session, tasks) =>
        logger.warn(`Session ${printable(session)} is gone; ${tasks} tasks of it were given back.`),
      onError,
    }),
    deadJanitor({ broker: broker.deadLetters, ...settings, onError }),
    limitJanitor({ broker: broker.limitRules, onError }),
    new Promoter({ broker, onAlarm: () => runTimeCrons.ring(), onError }),
    new CronLoop({ broker: broker.crons, crons, onWarning, onError }),
    runTimeCrons,
    metrics ? queueSampler({ broker: broker.metrics, queues, onError }) : undefined,
    peerCheck({ broker, namespace: settings.namespace, own: { queues, app }, crons, limits, onWarning, onError }),
  ];
  return loops.filter((loop) => loop !== undefined);
}
