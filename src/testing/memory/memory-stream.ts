import type { StreamBroker, StreamEntry, StreamPosition, StreamRead } from '../../broker/broker.js';
import { advance } from '../../broker/stream-gap.js';
import { KEPT_BROADCASTS } from '../../task/broadcast.js';
import { MemoryTokens } from './memory-tokens.js';
import type { Time } from './virtual-clock.js';

const READ_ENTRIES = 100;
const MORE = 'more';
const BEGINNING = '0-0';

/** The stream that every supervisor reads, in memory. */
export class MemoryStream implements StreamBroker {
  private readonly entries: { readonly entry: StreamEntry; readonly addedAtMs: number }[] = [];
  private readonly tokens: MemoryTokens;
  private added = 0;
  private lastId = BEGINNING;

  constructor(private readonly clock: Time) {
    this.tokens = new MemoryTokens(clock);
  }

  add(kind: string, fields: Readonly<Record<string, string>>): void {
    const [time = 0, number = 0] = this.lastId.split('-').map(Number);
    const now = this.clock.now();
    this.lastId = now > time ? `${now}-0` : `${time}-${number + 1}`;
    this.added += 1;
    const entry = { id: this.lastId, kind, fields: new Map(Object.entries({ kind, ...fields })) };
    this.entries.push({ entry, addedAtMs: performance.now() });
    if (this.entries.length > KEPT_BROADCASTS) this.entries.shift();
    this.tokens.ring(MORE);
  }

  async position(sinceMs: number): Promise<StreamPosition> {
    const later = this.entries.filter(({ addedAtMs }) => addedAtMs >= sinceMs).length;
    const last = this.entries.at(-1 - later)?.entry.id;
    return { id: later === 0 ? this.lastId : (last ?? BEGINNING), ordinal: this.added - later };
  }

  async read(from: StreamPosition): Promise<StreamRead> {
    const behind = this.entries.filter(({ entry }) => isAfter(entry.id, from.id)).slice(0, READ_ENTRIES);
    const entries = behind.map(({ entry }) => entry);
    const complete = entries.length < READ_ENTRIES;
    const facts = { lastId: this.lastId, added: this.added, length: this.entries.length };
    return { ...advance(from, facts, { ids: entries.map(({ id }) => id), complete }), entries, more: !complete };
  }

  async waitForMore(from: StreamPosition, timeoutMs: number): Promise<boolean> {
    if (isAfter(this.lastId, from.id)) return true;
    // what rang before was read
    this.tokens.silence(MORE);
    return this.tokens.wait([MORE], timeoutMs);
  }

  stopWaiting(): void {
    this.tokens.end();
  }
}

/** Compares ids of entries: `<ms>-<number>`. */
function isAfter(a: string, b: string): boolean {
  const [timeA = 0, numberA = 0] = a.split('-').map(Number);
  const [timeB = 0, numberB = 0] = b.split('-').map(Number);
  return timeA > timeB || (timeA === timeB && numberA > numberB);
}
