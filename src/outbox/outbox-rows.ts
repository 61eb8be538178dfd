/**
 * The rows of one queue in the outbox.
 *
 * @example
 * const counts: OutboxQueueCounts[] = await app.get(Outbox).counts();
 */
export interface OutboxQueueCounts {
  /** name of the queue; `(broadcast)` for broadcasts */
  readonly queue: string;
  /** rows that wait for the relay */
  readonly waiting: number;
  /** rows that were put aside */
  readonly putAside: number;
  /** for how long the oldest row that waits has waited, in ms; 0 when none waits */
  readonly oldestMs: number;
}

/**
 * A row that was put aside, because it cannot be read.
 *
 * @example
 * const rows: OutboxAsideRow[] = await app.get(Outbox).aside({ limit: 10 });
 */
export interface OutboxAsideRow {
  /** its number in the table */
  readonly id: string;
  /** id of its task */
  readonly taskId: string;
  /** name of the queue */
  readonly queue: string;
  /** why it cannot be read, for people */
  readonly reason: string;
  /** when the call was made */
  readonly createdAt: Date;
  /** when it was put aside */
  readonly putAsideAt: Date;
}
