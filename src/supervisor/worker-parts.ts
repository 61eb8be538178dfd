import type { Logger } from '@nestjs/common';
import type { AppSettings } from '../ipc/ipc-protocol.js';
import type { Service } from '../maintenance/periodic-loop.js';
import { workerServices } from '../maintenance/services.js';
import { appTasks } from '../task/app-tasks.js';
import { LogOnce } from '../values/log-once.js';
import { streamService } from './broadcasts/stream-service.js';
import type { Child } from './child.js';
import { Orders, type OrdersOptions, type Steered } from './control/orders.js';
import { DigestPublisher } from './digest/digest-publisher.js';
import type { WorkerStatus } from './digest/worker-status.js';
import type { SessionOptions } from './session.js';
import { UnstartedClaims } from './unstarted-claims.js';
import { Watchdog } from './watchdog.js';
import { WorkerSession } from './worker-session.js';

export interface WorkerParts extends Omit<SessionOptions, 'app' | 'onError'> {
  readonly status: WorkerStatus;
  /** Carries out orders from outside. */
  readonly steered: Steered;
  readonly settings: AppSettings;
  readonly cancelGraceMs: number;
  /** whether tasks are counted */
  readonly metrics: boolean;
  /** when the first child was forked, by `performance.now()`: broadcasts sent since then may concern it */
  readonly sinceMs: number;
  readonly children: () => Iterable<Child>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** Loops that this kind of worker needs beside those of all. */
  readonly guards?: (onError: (error: unknown) => void) => readonly Service[];
  readonly onSessionLost: () => void;
}

/** A session with the loops that every worker runs beside its tasks, whether it has child processes or not. */
export function workerSession({ status, steered, guards = () => [], ...given }: WorkerParts): WorkerSession {
  const { broker, children, logger, queues, catalog } = given;
  const onError = new LogOnce((what) => logger.warn(`Trying again: ${what}`)).about;
  const app = status.app && appTasks(status.app.name, queues, catalog);
  const parts = { ...given, limits: given.settings.limits, app, onError };
  const session = (): string | undefined => worker.current;
  const digest = new DigestPublisher({ ...parts, broker: broker.workers, status, session });
  const onObeyed: OrdersOptions['onObeyed'] = (order) => {
    status.ordered(order);
    digest.changed();
  };
  const orders = new Orders({ steered, session, onObeyed, logger });
  const worker: WorkerSession = new WorkerSession({
    ...parts,
    digest,
    services: [
      digest,
      ...workerServices(parts),
      streamService({ ...parts, onOrder: orders.receive }),
      ...guards(onError),
      new UnstartedClaims(broker, children, onError),
      new Watchdog(children, onError),
    ],
  });
  return worker;
}
