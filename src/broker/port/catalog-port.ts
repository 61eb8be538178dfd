import type { BroadcastScope } from '../../task/broadcast.js';

/** What workers have written about a task, for processes that do not have its class. */
export interface CatalogTask {
  readonly name: string;
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  readonly broadcast?: BroadcastScope;
}

/** What the workers of a namespace have ever announced. */
export interface CatalogPort {
  /** The tasks, by name. */
  tasks(): Promise<CatalogTask[]>;
  /** The queues that workers have ever served, and those of the tasks, by name. */
  queues(): Promise<string[]>;
}
