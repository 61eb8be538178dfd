import type { CatalogStart } from '../../policy/start-catalog.js';
import type { BroadcastScope } from '../../task/broadcast.js';
import type { LiveSessions } from './worker-port.js';

/** The entry of a task that workers wrote, for processes that do not have its class. */
export interface CatalogTask extends CatalogStart {
  readonly name: string;
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  readonly broadcast?: BroadcastScope;
  /** how many of its done tasks are kept */
  readonly keepDone?: number;
  /** for how many seconds its results are kept */
  readonly result?: number;
  /** what its tasks carry is sealed */
  readonly sealed?: true;
}

/** The tasks and queues that workers of a namespace have ever announced. */
export interface CatalogPort {
  /** The tasks, by name. */
  tasks(): Promise<CatalogTask[]>;
  /** The queues that workers have ever served, and those of the tasks, by name. */
  queues(sessions?: LiveSessions): Promise<string[]>;
}
