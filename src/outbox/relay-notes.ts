import type { RelayPort } from '../broker/port/relay-port.js';
import { soon } from '../values/soon.js';
import type { OutboxTable } from './outbox-table.js';

const EVERY_MS = 10_000;
/** Looks take no more than this part of the time of a relay, unless counts would be too old then. */
const SHARE = 20;
const LATEST_MS = 30_000;
/** No row waits longer for a look, in ms. */
const PATIENCE_MS = 5_000;

/** Notes in Redis how the rows stand, for those who look at Redis alone. */
export class RelayNotes {
  private dueAtMs = Number.NEGATIVE_INFINITY;
  /** the id of the table under which it noted last */
  private former: string | undefined;

  constructor(
    private readonly table: Pick<OutboxTable, 'name' | 'state'>,
    private readonly broker: Pick<RelayPort, 'note'>,
  ) {}

  /** Looks and notes, unless it has done so a short time ago. Never rejects: the relay itself reports a database, or a Redis, that is away. */
  async noteIfDue(outbox: string): Promise<void> {
    const startedMs = performance.now();
    if (startedMs < this.dueAtMs) return;
    this.dueAtMs = startedMs + EVERY_MS;
    try {
      const state = await soon(this.table.state(), PATIENCE_MS);
      this.dueAtMs = startedMs + Math.min(Math.max(EVERY_MS, (performance.now() - startedMs) * SHARE), LATEST_MS);
      if (!state) return;
      await this.broker.note(outbox, { table: this.table.name, ...state }, this.former);
      this.former = outbox;
    } catch {
      // the counts become old, which shows
    }
  }
}
