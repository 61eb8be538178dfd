import { counted } from '../../values/counted.js';
import { groupedBy } from '../../values/grouped-by.js';
import { printable } from '../../values/printable.js';
import { timeLength } from '../../values/time-length.js';
import type { OutboxStatus } from './outbox-status.js';

/** A row that waits for longer is late, in ms. */
const LATE_MS = 60_000;
/** Nobody but the app knows its file; this is its usual place. */
const APP = 'dist/app.module.js';

/** Something that is wrong with an outbox. */
export interface OutboxFault {
  readonly code: 'outbox-unrelayed' | 'outbox-late' | 'outbox-aside';
  /** name of the table, and its id where others have the same name */
  readonly table: string;
  /** what is wrong with it, as a sentence that begins behind its name */
  readonly what: string;
  /** what to do, in sentences */
  readonly remedy: string;
  /** arguments of `npx nestwork` */
  readonly command: readonly string[];
}

/** All faults, those first for which most waits. */
export function outboxFaults(outboxes: readonly OutboxStatus[], at: Date): OutboxFault[] {
  const called = groupedBy(outboxes, ({ table }) => table);
  return outboxes.flatMap((outbox) => {
    const isAlone = called.get(outbox.table)?.length === 1;
    const table = printable(isAlone ? outbox.table : `${outbox.table} (${outbox.id})`);
    return [...waiting(outbox, at), ...aside(outbox)].map((fault) => ({ ...fault, table }));
  });
}

type Fault = Omit<OutboxFault, 'table'>;

function waiting({ waiting: rows, oldestMs, isRelayed, notedAt }: OutboxStatus, at: Date): Fault[] {
  if (rows === 0) return [];
  const command = ['outbox', 'ls', APP];
  if (!isRelayed) {
    const since = timeLength(Math.max(at.getTime() - notedAt.getTime(), 0));
    const waited = counted(rows, 'row waited', 'rows waited');
    const what = `has had no relay for ${since}, or its database does not answer; ${waited} then.`;
    const remedy = 'Start the app, or a process that relays: npx nestwork outbox relay. Nothing is lost.';
    return [{ code: 'outbox-unrelayed', what, remedy, command }];
  }
  if (oldestMs <= LATE_MS) return [];
  const what = `has ${counted(rows, 'row that waits', 'rows that wait')}, the oldest for ${timeLength(oldestMs)}.`;
  return [{ code: 'outbox-late', what, remedy: 'Look for the reason in the log of the app.', command }];
}

function aside({ putAside }: OutboxStatus): Fault[] {
  if (putAside === 0) return [];
  const what = `has ${counted(putAside, 'row that was', 'rows that were')} put aside: their tasks are not sent.`;
  const remedy = `Look at the reasons. Then let them be tried again: npx nestwork outbox retry ${APP} --all`;
  return [{ code: 'outbox-aside', what, remedy, command: ['outbox', 'ls', APP, '--aside'] }];
}
