import { aboutIn } from './limit-records.js';
import type { NotedOutbox } from './port/relay-port.js';

/** `<ms of Redis time> {"table":...}`, as lua/outbox/note-outbox.lua writes it. */
const NOTE = /^(\d{1,15}) (\{.*\})$/s;

/** Fields of the hash of outboxes, by table and id; those that hold anything else are left out. */
export function outboxesIn(fields: Readonly<Record<string, string>>): NotedOutbox[] {
  return Object.entries(fields)
    .flatMap(([outbox, field]) => noteIn(outbox, field))
    .sort(byTable);
}

/** The order in which outboxes are listed. */
export function byTable(a: NotedOutbox, b: NotedOutbox): number {
  return `${a.table} ${a.outbox}` < `${b.table} ${b.outbox}` ? -1 : 1;
}

function noteIn(outbox: string, field: string): NotedOutbox[] {
  const [, at = '', json = ''] = NOTE.exec(field) ?? [];
  const { table, waiting, putAside, oldestMs } = aboutIn(json);
  if (typeof table !== 'string' || !isCount(waiting) || !isCount(putAside) || !isCount(oldestMs)) return [];
  return [{ outbox, table, waiting, putAside, oldestMs, notedAt: Number(at) }];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
