import { invalid } from '../values/option-values.js';
import { mapInParts } from '../values/parts.js';
import { shown } from '../values/shown.js';
import { notConfigured } from './outbox-errors.js';
import type { OutboxAsideRow, OutboxQueueCounts } from './outbox-rows.js';
import type { OutboxTable } from './outbox-table.js';
import type { Transactions } from './transactions.js';

/** So many rows are tried again in one transaction. */
const AT_ONCE = 500;
const MOST_LISTED = 10_000;

/**
 * Looks at the outbox of the app, and lets rows be tried again that were put aside. Injectable.
 *
 * @example
 * @Injectable()
 * class OutboxReport {
 *   constructor(private readonly outbox: Outbox) {}
 *
 *   async waiting() {
 *     const queues = await this.outbox.counts();
 *     return queues.reduce((sum, { waiting }) => sum + waiting, 0);
 *   }
 * }
 */
export class Outbox {
  /** @internal */
  constructor(private readonly transactions: Transactions | undefined) {}

  /**
   * Counts the rows of the app, by queue. It reads all of them: a backlog of a million takes about a second.
   *
   * @throws NestworkError OUTBOX_NOT_CONFIGURED, OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD; the error of the driver
   */
  counts(): Promise<OutboxQueueCounts[]> {
    const table = this.table();
    return table.transaction((transaction) => table.counts(transaction));
  }

  /**
   * Lists rows that were put aside, in the order of their ids.
   *
   * @param options `limit`: at most so many, 100 by default, 10,000 at most
   * @throws NestworkError INVALID_OPTION, OUTBOX_NOT_CONFIGURED, OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD; the error of the driver
   */
  async aside({ limit = 100 }: { readonly limit?: number } = {}): Promise<OutboxAsideRow[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED) {
      throw invalid('limit', `is ${shown(limit)}`, `Give a whole number from 1 to ${MOST_LISTED}.`);
    }
    const table = this.table();
    return table.transaction((transaction) => table.aside(transaction, limit));
  }

  /**
   * Lets the relay try rows again that were put aside; it comes to them within seconds.
   *
   * @param ids of rows, or `all`
   * @returns the ids of those that were put aside
   * @throws NestworkError INVALID_OPTION, OUTBOX_NOT_CONFIGURED, OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD; the error of the driver
   */
  async retry(ids: readonly (string | number | bigint)[] | 'all'): Promise<string[]> {
    const table = this.table();
    const restore = (which?: readonly string[]): Promise<string[]> =>
      table.transaction((transaction) => table.restore(transaction, AT_ONCE, which));
    if (ids === 'all') {
      const restored: string[] = [];
      for (;;) {
        const some = await restore();
        restored.push(...some);
        if (some.length < AT_ONCE) return restored;
      }
    }
    if (!Array.isArray(ids)) throw invalid('ids', `is ${shown(ids)}`, "Give a list of ids of rows, or 'all'.");
    return mapInParts(ids.map(numberOf), AT_ONCE, restore);
  }

  private table(): OutboxTable {
    if (!this.transactions) throw notConfigured();
    return this.transactions.table;
  }
}

function numberOf(id: unknown): string {
  if (/^\d{1,19}$/.test(String(id))) return String(id);
  throw invalid('ids', `has ${shown(id)}, which is no id of a row`, 'Give whole numbers, as aside() lists them.');
}
