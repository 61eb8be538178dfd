import { Logger } from '@nestjs/common';
import { RedisBroker } from './broker/redis-broker.js';
import type { ResolvedWorkerOptions } from './options.js';
import { OutageLog } from './outage-log.js';
import { Supervisor } from './supervisor/supervisor.js';
import { SUPERVISOR_PID } from './worker/child-role.js';
import { scoreboardCapacity } from './worker-app.js';
import { workerServices } from './worker-services.js';

/** Supervises children that run the same file as this process; resolves to its exit code. */
export function runWorkerSupervisor(worker: ResolvedWorkerOptions): Promise<number> {
  const logger = new Logger('TaskSupervisor');
  const supervisor = new Supervisor({
    worker,
    logger,
    capacity: scoreboardCapacity(worker.concurrency),
    environment: { [SUPERVISOR_PID]: String(process.pid) },
    connect: (settings, restored) => {
      const log = new OutageLog(logger, restored);
      return new RedisBroker({ ...settings, onOutage: log, onWarning: (warning) => log.warn(warning) });
    },
    services: (broker, app, onError) => workerServices({ broker, ...app, leaseMs: worker.leaseMs, logger, onError }),
  });
  return supervisor.run();
}
