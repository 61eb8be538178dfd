/**
 * A task that waits in the outbox of a database, ready to be sent: what a row of it holds.
 *
 * @internal
 */
export interface OutboxCall {
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  /** the whole message, see message/task-message.ts */
  readonly message: string;
  /** when it is due, in ms since 1970; undefined for at once */
  readonly dueAt?: number | undefined;
  /** for one with a unique key: whether a task that has the key and still waits gives way */
  readonly onConflict?: 'keep' | 'replace' | undefined;
  /** limits, each followed by its key in clear; none for most */
  readonly labels?: readonly string[] | undefined;
}

/** How the rows of an outbox stand, as its relay notes it for those who look at Redis alone. */
export interface OutboxNote {
  /** name of its table */
  readonly table: string;
  /** rows that wait for the relay, 10,000 at most */
  readonly waiting: number;
  /** rows that were put aside, 10,000 at most */
  readonly putAside: number;
  /** for how long the first of those that wait has waited, in ms; 0 when none waits */
  readonly oldestMs: number;
}

/** A note that was read. */
export interface NotedOutbox extends OutboxNote {
  /** the id of the table */
  readonly outbox: string;
  /** when its relay looked, in ms since 1970, by the clock of Redis */
  readonly notedAt: number;
}

/** What the relay of an outbox needs. `outbox` is the id of the table. */
export interface RelayPort {
  /** The clock of Redis, in ms since 1970. */
  now(): Promise<number>;
  /**
   * Adds the tasks of rows, in order, each row once: one that was marked by an earlier call, or is sent twice, is done with. Resolves to
   * an error for each row that has to stay, and undefined for all others, once the replicas have them that are asked for. Never rejects.
   *
   * @param startedMs when the relay began to read the rows, by `now()`: five minutes later nothing is added any more
   */
  relay(outbox: string, calls: readonly OutboxCall[], startedMs: number): Promise<readonly (Error | undefined)[]>;
  /** Removes the marks of rows that are known to be gone. */
  forget(outbox: string, ids: readonly string[]): Promise<void>;
  /** The ids of marked rows, the oldest first, of those that were marked before that time in ms since 1970. */
  marked(outbox: string, beforeMs: number, limit: number): Promise<string[]>;
  /** Takes the turn of a relay for so long, or gives it back with 0. Resolves to false while another one has it. */
  takeTurn(outbox: string, relay: string, forMs: number): Promise<boolean>;
  /** Notes how the rows stand, for a day. @param former id under which this relay noted it last */
  note(outbox: string, note: OutboxNote, former?: string): Promise<void>;
  /** The notes of all outboxes of the namespace, by table and id, and the time of Redis in ms since 1970; 0 where there are none. */
  noted(): Promise<{ readonly outboxes: readonly NotedOutbox[]; readonly now: number }>;
}
