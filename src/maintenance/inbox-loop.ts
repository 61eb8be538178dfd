import type { InboxTable } from '../outbox/inbox/inbox-table.js';
import { soon } from '../values/soon.js';
import { PeriodicLoop } from './periodic-loop.js';

/** So many marks in one transaction. */
const MOST_REMOVED = 500;
const EVERY_MS = 600_000;
/** Processes that start together do not look together. */
const FIRST_WITHIN_MS = 60_000;
/** A database that does not answer must not keep an app from closing, in ms. */
const LONGEST_STOP_MS = 5_000;

export interface InboxLoopOptions {
  readonly table: Pick<InboxTable, 'removeOld'>;
  readonly keepMs: number;
  readonly onError: (error: unknown) => void;
  /** Old marks are gone. */
  readonly onSuccess: () => void;
}

/** Removes marks that no task comes back for. Several processes may do so at once: they skip what others have locked. */
export class InboxLoop extends PeriodicLoop {
  private isFirst = true;
  private stopping = false;

  constructor(private readonly options: InboxLoopOptions) {
    super(EVERY_MS, options.onError);
  }

  /** Resolves to when to look again, in ms. */
  async tick(): Promise<number> {
    if (this.isFirst) {
      this.isFirst = false;
      return Math.random() * FIRST_WITHIN_MS;
    }
    const { table, keepMs, onSuccess } = this.options;
    while (!this.stopping && (await table.removeOld(keepMs, MOST_REMOVED)) === MOST_REMOVED);
    onSuccess();
    return EVERY_MS;
  }

  override async stop(): Promise<void> {
    this.stopping = true;
    await soon(super.stop(), LONGEST_STOP_MS);
  }
}
