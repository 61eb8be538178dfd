import { NestworkError } from '../../errors.js';
import type { OutboxTable } from '../../outbox/outbox-table.js';
import { counted } from '../../values/counted.js';
import { errorText } from '../../values/error-text.js';
import { printable } from '../../values/printable.js';
import { soon } from '../../values/soon.js';

/** A database that takes longer counts as one that does not answer, in ms. */
const PATIENCE_MS = 1_000;

/**
 * The state of the outbox of an app, as a health check found it.
 *
 * @example
 * const { outbox } = await queueHealth.check({ maxOutboxWait: '30s' });
 * const report: OutboxReport | undefined = outbox;
 * if (report && !report.healthy) logger.warn(`${report.reason}, ${report.waiting} rows wait`);
 */
export interface OutboxReport {
  /** whether its rows are sent, in time */
  readonly healthy: boolean;
  /** the reason, if it is not healthy */
  readonly reason?: string;
  /** rows that wait for the relay, 10,000 at most; undefined when the database does not answer */
  readonly waiting?: number;
  /** rows that were put aside because they cannot be read, 10,000 at most */
  readonly putAside?: number;
  /** for how long the next row has waited, in ms; 0 when none waits */
  readonly oldestMs?: number;
}

/** Never rejects: a database that is away makes the outbox unhealthy. */
export async function outboxReport(table: Pick<OutboxTable, 'state'>, maxWaitMs: number): Promise<OutboxReport> {
  try {
    const state = await soon(table.state(), PATIENCE_MS);
    if (!state) return { healthy: false, reason: `its database did not answer within ${PATIENCE_MS} ms` };
    const { oldestMs, putAside } = state;
    if (oldestMs > maxWaitMs)
      return { healthy: false, reason: `a row has waited for ${Math.round(oldestMs / 1_000)} s`, ...state };
    if (putAside > 0)
      return {
        healthy: false,
        reason: `${counted(putAside, 'row')} put aside: npx nestwork outbox ls <file> --aside shows the reason`,
        ...state,
      };
    return { healthy: true, ...state };
  } catch (error) {
    // such as a table that is missing: the database has answered
    if (error instanceof NestworkError) return { healthy: false, reason: firstLine(error.message) };
    return { healthy: false, reason: `its database does not answer: ${firstLine(errorText(error))}` };
  }
}

function firstLine(text: string): string {
  const [first = ''] = text.split('\n', 1);
  return printable(first, 200);
}
