import { OutageLog } from '../broker/redis/outage-log.js';
import { RedisBroker } from '../broker/redis-broker.js';
import { COPY } from '../discovery/copies.js';
import type { ResolvedWorkerOptions } from '../options/resolve-options.js';
import { appPackage } from '../supervisor/app-name.js';
import { refuseClusterWorker } from '../supervisor/cluster-worker.js';
import { entryFile } from '../supervisor/entry-file.js';
import { foreignListenerWarning } from '../supervisor/foreign-listeners.js';
import { outliveOutput } from '../supervisor/lost-output.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { WorkingDirectory } from '../supervisor/working-directory.js';
import { scoreboardCapacity } from '../worker/batch-size.js';
import { WorkerLog } from '../worker/worker-log.js';
import { notedAppFile } from './app-file.js';

export { COPY };

/**
 * Supervises children that run the same file as this process, or another one that is given; resolves to its exit code.
 *
 * @throws NestworkError CLUSTER_WORKER, INVALID_OPTION
 */
export async function runWorkerSupervisor(worker: ResolvedWorkerOptions): Promise<number> {
  outliveOutput();
  refuseClusterWorker();
  const logger = new WorkerLog('TaskSupervisor');
  const entry = entryFile(worker.entry);
  const warning = foreignListenerWarning();
  if (warning) logger.warn(warning);
  const supervisor = new Supervisor({
    worker,
    logger,
    capacity: scoreboardCapacity(worker.concurrency),
    app: appPackage(notedAppFile() ?? entry),
    program: new WorkingDirectory({ entry, onMoved: (what) => logger.warn(what) }),
    connect: (settings, restored) => {
      const log = new OutageLog(logger, restored);
      return new RedisBroker({ ...settings, onOutage: log, onWarning: (warning) => log.warn(warning) });
    },
  });
  return supervisor.run();
}
