import type { Claimant } from '../broker/port/broker.js';
import type { LimitedTask, ScoreboardReader } from '../ipc/scoreboard-reader.js';
import type { Mailbox } from './broadcasts/mailbox.js';

/** A child, as the loops of a worker see it: a forked process, or the process of the app. */
export interface Child {
  readonly pid: number;
  readonly booted: boolean;
  /** its supervisor has asked it to end */
  readonly dismissed: boolean;
  /** set once it may claim */
  readonly claimant: Claimant | undefined;
  /** by `performance.now()` */
  readonly forkedAtMs: number;
  /** of the tasks in its catalog, in the order of that */
  readonly names: readonly string[];
  readonly mailbox: Mailbox;
  readonly scoreboard: Pick<ScoreboardReader, 'read' | 'work' | 'window'>;
  /** Asks it to abort the signal of a task, should it run there. */
  cancel(id: string): void;
  /** Ends the process because of these tasks. */
  endFor(tasks: readonly LimitedTask[], why: string): void;
}

/** The children that there are now. */
export type Children<Part extends keyof Child> = () => Iterable<Pick<Child, Part>>;
