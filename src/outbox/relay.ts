import type { OutboxCall, RelayPort } from '../broker/port/relay-port.js';
import { NestworkError } from '../errors.js';
import { TaskIdSequence } from '../message/task-id.js';
import { idOf } from '../message/task-message.js';
import { isDeadlock } from './database-errors.js';
import type { OutboxTable, WaitingRow } from './outbox-table.js';
import { ReadingPlace } from './reading-place.js';
import { RelayNotes } from './relay-notes.js';
import { decodeRow } from './row.js';
import type { RowNumber, Which } from './sql/outbox-sql.js';

/** So many rows in one transaction: their locks and their tasks go together. */
export const MOST_RELAYED = 500;
/** As many as the memory of a process takes in any case: nobody knows how large they are. */
const FIRST_RELAYED = 50;
/** Bytes of messages that are held at once, by the size of the last ones. */
const MOST_BYTES = 8_000_000;
/** A relay that dies is followed within this time, in ms. */
const TURN_MS = 15_000;
/** How often a relay asks that has not the turn. */
const NO_TURN_MS = 5_000;
/** Should a notification be lost, a row is late by this much at most, in ms. */
const LISTENING_MS = 10_000;
const POLLING_MS = 1_000;
const RETRY_MS = 1_000;
const SWEEP_MS = 60_000;
/** So many in a row are bad luck. */
const MOST_DEADLOCKS = 5;
/** Marks of rows that the relay is still at are younger: it has five minutes. */
const OLD_MARK_MS = 600_000;

/** Redis cannot be reached, or takes nothing: the rows of other queues would fare no better. */
const OUTAGES = new Set([
  'REDIS_UNAVAILABLE',
  'REDIS_TIMEOUT',
  'REDIS_OUT_OF_MEMORY',
  'ENQUEUE_UNCONFIRMED',
  'REDIS_FORBIDDEN',
]);

export interface RelayOptions {
  readonly table: OutboxTable;
  readonly broker: RelayPort;
  /** Rows are announced: look again. */
  readonly onWake: () => void;
  /** A row was put aside. */
  readonly onWarning: (warning: string) => void;
  /** Rows stay, and are tried again. */
  readonly onError: (error: unknown) => void;
}

/** What came of a look at all that waits. */
export interface Round {
  /** when to look again */
  readonly nextInMs: number;
  /** whether rows stay that Redis refuses */
  readonly stuck: boolean;
}

/** What became of one batch. */
interface BatchReport {
  readonly read: number;
  readonly last: RowNumber | undefined;
  /** of the look at the rows */
  readonly tookMs: number;
  /** of the messages that were read */
  readonly bytes: number;
  /** ids of tasks whose rows are gone */
  readonly gone: readonly string[];
  /** queues whose rows Redis refuses, with the reasons */
  readonly refused: ReadonlyMap<string, Error>;
}

/**
 * Takes rows from the table to Redis, in the order in which they came, each once:
 *
 * 1. It locks rows that no other relay has locked.
 * 2. One script adds their tasks, those that are not marked, and marks them.
 * 3. It deletes the rows, and commits.
 * 4. Once it knows that the commit is done, it removes the marks.
 *
 * Where it dies in between, or the answer of a commit is lost, the rows are there or gone, and the marks stay. A relay that reads the rows again
 * finds the marks, and adds nothing. Marks whose rows are gone are swept.
 */
export class OutboxRelay {
  /** whose turn it is */
  private readonly name = new TaskIdSequence().prefix;
  private outbox: string | undefined;
  private stopListening: (() => Promise<void>) | undefined;
  private readonly place = new ReadingPlace();
  /** when rows may be found that came behind the place; 0 when all were seen */
  private wholeInMs = 0;
  private limit = FIRST_RELAYED;
  private sweptAtMs = Number.NEGATIVE_INFINITY;
  private stopping = false;
  /** the table whose turn it has */
  private turnOf: string | undefined;
  private turnAtMs = Number.NEGATIVE_INFINITY;

  private readonly notes: RelayNotes;

  constructor(private readonly options: RelayOptions) {
    this.notes = new RelayNotes(options.table, options.broker);
  }

  /**
   * Relays all that waits, while it has the turn.
   *
   * @throws the error of the database, or of Redis where that takes nothing at all: try again
   */
  async round(): Promise<Round> {
    this.outbox ??= await this.findOutbox();
    if (!(await this.takeTurn(this.outbox))) {
      await this.endListening();
      return { nextInMs: NO_TURN_MS, stuck: false };
    }
    // first: what comes from now on wakes this relay
    const isListening = await this.listen();
    const refused = await this.relayAll(this.outbox);
    for (const error of new Set(refused.values())) this.options.onError(error);
    await this.sweep(this.outbox);
    const stuck = refused.size > 0;
    const nextInMs = isListening ? LISTENING_MS : POLLING_MS;
    return { nextInMs: stuck ? RETRY_MS : Math.min(nextInMs, this.wholeInMs || nextInMs), stuck };
  }

  /** Ends the listening, and gives the turn to others. The round that is under way ends after its batch. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.endListening();
    const { turnOf } = this;
    this.turnOf = undefined;
    if (turnOf !== undefined) await this.options.broker.takeTurn(turnOf, this.name, 0);
  }

  private async takeTurn(outbox: string): Promise<boolean> {
    this.turnAtMs = performance.now();
    const hasTurn = await this.options.broker.takeTurn(outbox, this.name, TURN_MS);
    this.turnOf = hasTurn ? outbox : undefined;
    return hasTurn;
  }

  /** A table that was emptied has another id then, under which all relays must mark. */
  private async findOutbox(): Promise<string> {
    const { table } = this.options;
    const look = (): Promise<string | undefined> =>
      this.again(() =>
        table.transaction(async (transaction) => {
          await table.assertForm(transaction);
          return table.idOf(transaction, new TaskIdSequence().prefix);
        }),
      );
    const found = (await look()) ?? (await look());
    if (found === undefined) throw new Error(`The row with the id of the table ${table.name} was deleted.`);
    return found;
  }

  /** Resolves to the queues whose rows stay. Rows of others must not wait for them. */
  private async relayAll(outbox: string): Promise<ReadonlyMap<string, Error>> {
    const refused = new Map<string, Error>();
    let forgetting: Promise<void> | undefined;
    let isWhole = false;
    try {
      while (!this.stopping) {
        const startedMs = await this.keepTurn(outbox);
        const { after } = this.place;
        const { limit } = this;
        const which = { limit, after, without: [...refused.keys()] };
        const batch = await this.again(() => this.batch(outbox, startedMs, which));
        await forgetting;
        forgetting = this.forget(outbox, batch.gone);
        for (const [queue, error] of batch.refused) refused.set(queue, error);
        for (const error of batch.refused.values()) if (isOutage(error)) throw error;
        this.place.looked(after, batch.last, batch.tookMs);
        if (batch.read > 0) this.limit = limitFor(batch.bytes / batch.read);
        this.wholeInMs = this.place.dueInMs(after);
        // the next rows of this batch may be those of others
        if (batch.read < limit && batch.refused.size === 0) break;
        await this.notes.noteIfDue(outbox);
      }
      isWhole = refused.size === 0;
    } finally {
      if (!isWhole) this.place.reset();
      await forgetting;
      // the rows that were read are gone now: a count shows those that have to wait
      if (!this.stopping) await this.notes.noteIfDue(outbox);
    }
    return refused;
  }

  /** Resolves to the time of Redis. */
  private async keepTurn(outbox: string): Promise<number> {
    const isFresh = performance.now() - this.turnAtMs < TURN_MS / 3;
    const [now] = await Promise.all([this.options.broker.now(), isFresh || this.takeTurn(outbox)]);
    return now;
  }

  /** Relays may lock each other out. Nothing came of it but marks, by which the next attempt finds what was added. */
  private async again<T>(run: () => Promise<T>, left = MOST_DEADLOCKS): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (left === 0 || !isDeadlock(error)) throw error;
      return this.again(run, left - 1);
    }
  }

  private async batch(outbox: string, startedMs: number, which: Omit<Which, 'namespace'>): Promise<BatchReport> {
    const { table, broker, onWarning } = this.options;
    const asides: string[] = [];
    const report = await table.transaction(async (transaction): Promise<BatchReport> => {
      const lookedAtMs = performance.now();
      const rows = await table.next(transaction, which);
      const tookMs = performance.now() - lookedAtMs;
      const calls: OutboxCall[] = [];
      const ofCalls: WaitingRow[] = [];
      for (const row of rows) {
        const call = decodeRow(row);
        if (typeof call === 'string') {
          await table.putAside(transaction, row.id, call);
          asides.push(`Row ${String(row.id)} of ${table.name} was put aside, and its task not sent: ${call}.`);
        } else {
          calls.push(call);
          ofCalls.push(row);
        }
      }
      const errors = calls.length > 0 ? await broker.relay(outbox, calls, startedMs) : [];
      const sent = ofCalls.filter((_, at) => errors[at] === undefined);
      await table.remove(
        transaction,
        sent.map(({ id }) => id),
      );
      const refused = new Map<string, Error>();
      for (const [at, error] of errors.entries()) if (error) refused.set(calls[at]?.queue ?? '', error);
      const gone = calls.filter((_, at) => errors[at] === undefined).map(({ message }) => idOf(message));
      const bytes = rows.reduce((sum, { message }) => sum + message.length, 0);
      return { read: rows.length, last: rows.at(-1)?.id, tookMs, bytes, gone, refused };
    });
    for (const warning of asides) onWarning(warning);
    return report;
  }

  /** Marks that stay are swept later. */
  private async forget(outbox: string, ids: readonly string[]): Promise<void> {
    await this.options.broker.forget(outbox, ids).catch(this.options.onError);
  }

  /** A mark whose row is gone is of no use any more: no row comes back, because only rows whose commit was done were read. */
  private async sweep(outbox: string): Promise<void> {
    if (this.stopping || performance.now() - this.sweptAtMs < SWEEP_MS) return;
    const { table, broker } = this.options;
    const ids = await broker.marked(outbox, (await broker.now()) - OLD_MARK_MS, MOST_RELAYED);
    if (ids.length > 0) {
      const known = await table.transaction((transaction) => table.known(transaction, ids));
      await broker.forget(
        outbox,
        ids.filter((id) => !known.has(id)),
      );
    }
    if (ids.length < MOST_RELAYED) {
      this.sweptAtMs = performance.now();
      this.outbox = undefined;
    }
  }

  /** Resolves to whether rows are announced. */
  private async listen(): Promise<boolean> {
    const { table, onWake } = this.options;
    const { database } = table;
    if (!database.listen || this.stopping) return false;
    if (this.stopListening) return true;
    let isLost = false;
    const stop = await database.listen(table.channel, {
      wake: onWake,
      lost: () => {
        isLost = true;
        this.stopListening = undefined;
        onWake();
      },
    });
    if (isLost || !stop) return false;
    this.stopListening = stop;
    // it may have been stopped meanwhile
    if (this.stopping) await this.endListening();
    return true;
  }

  private async endListening(): Promise<void> {
    const stop = this.stopListening;
    this.stopListening = undefined;
    await stop?.();
  }
}

/** How many rows of such a size go together. */
function limitFor(bytes: number): number {
  return Math.min(Math.max(Math.floor(MOST_BYTES / Math.max(bytes, 1)), FIRST_RELAYED / 2), MOST_RELAYED);
}

function isOutage(error: Error): boolean {
  return error instanceof NestworkError && OUTAGES.has(error.code);
}
