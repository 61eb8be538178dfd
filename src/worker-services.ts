import type { Logger } from '@nestjs/common';
import type { Broker, CatalogEntry } from './broker/broker.js';
import { CronLoop } from './scheduler/cron-loop.js';
import { DeadJanitor } from './scheduler/dead-janitor.js';
import { Promoter } from './scheduler/promoter.js';
import { Reaper } from './scheduler/reaper.js';
import type { AppSettings } from './supervisor/ipc-protocol.js';
import type { Service } from './supervisor/runtime.js';
import { printable } from './task/printable.js';

export interface WorkerServicesOptions {
  readonly broker: Broker;
  readonly settings: AppSettings;
  readonly catalog: readonly CatalogEntry[];
  readonly leaseMs: number;
  readonly logger: Pick<Logger, 'warn'>;
  /** Something failed that is tried again. */
  readonly onError: (error: unknown) => void;
}

/** The loops that every worker runs beside its tasks, whether it has children or not. */
export function workerServices({
  broker,
  settings,
  catalog,
  leaseMs,
  logger,
  onError,
}: WorkerServicesOptions): Service[] {
  return [
    new Reaper({
      broker,
      leaseMs,
      onReaped: (session, tasks) =>
        logger.warn(`Session ${printable(session)} is gone; ${tasks} tasks of it were given back.`),
      onError,
    }),
    new DeadJanitor({ broker: broker.deadLetters, ...settings, onError }),
    new Promoter({ broker, onError }),
    new CronLoop({
      broker: broker.crons,
      crons: catalog.flatMap(({ name, queue, cron }) => (cron ? [{ name, queue, ...cron }] : [])),
      onWarning: (warning) => logger.warn(warning),
      onError,
    }),
  ];
}
