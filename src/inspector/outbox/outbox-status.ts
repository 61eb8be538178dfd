import type { NotedOutbox, RelayPort } from '../../broker/port/relay-port.js';
import { nearestDate } from '../../values/dates.js';

/** A relay that works notes more often; in ms. */
const UNRELAYED_MS = 60_000;

/**
 * The state of an outbox, as its relay noted it in Redis: each 10 s while it works.
 *
 * @example
 * const { outboxes } = await inspector.status();
 * const behind: OutboxStatus[] = outboxes.filter(({ oldestMs }) => oldestMs > 60_000);
 */
export interface OutboxStatus {
  /** the id of its table, by which outboxes with tables of the same name differ */
  readonly id: string;
  /** name of its table */
  readonly table: string;
  /** when the relay counted, by the clock of Redis */
  readonly notedAt: Date;
  /** whether the relay has counted within the last minute */
  readonly isRelayed: boolean;
  /** rows that waited then, 10,000 at most */
  readonly waiting: number;
  /** rows that were put aside then because they cannot be read, 10,000 at most */
  readonly putAside: number;
  /** for how long the oldest of those that waited had waited, in ms, and the time since then while no relay counts; 0 when none waited */
  readonly oldestMs: number;
}

/** All outboxes of a namespace of which something was noted within the last day, by table. */
export async function outboxStatuses(broker: Pick<RelayPort, 'noted'>): Promise<OutboxStatus[]> {
  const { outboxes, now } = await broker.noted();
  return outboxes.map((outbox) => statusOf(outbox, now));
}

function statusOf({ outbox, table, waiting, putAside, oldestMs, notedAt }: NotedOutbox, now: number): OutboxStatus {
  const sinceMs = Math.max(now - notedAt, 0);
  const isRelayed = sinceMs <= UNRELAYED_MS;
  // while a relay works, nothing is known of its rows that would be worth a guess: most are gone at once
  const waitedMs = waiting === 0 ? 0 : oldestMs + (isRelayed ? 0 : sinceMs);
  return { id: outbox, table, notedAt: nearestDate(notedAt), isRelayed, waiting, putAside, oldestMs: waitedMs };
}
