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
}
