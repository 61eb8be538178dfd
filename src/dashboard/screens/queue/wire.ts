/** Points of a chart over the last hour by minute, or over the last week by hour. */
export interface QueueChart {
  /** the beginning of each point, in ms since 1970 */
  readonly at: readonly number[];
  /** a minute; null where it is not known */
  readonly in: readonly (number | null)[];
  readonly out: readonly number[];
  readonly waiting: readonly (number | null)[];
  readonly oldestMs: readonly (number | null)[];
  /** attempts that failed */
  readonly failed: readonly number[];
  /** tasks that died */
  readonly dead: readonly number[];
}

/** A page of one queue, beside what the snapshot has. */
export interface QueueAnswer {
  readonly chart: QueueChart;
  /** that of the queue as a whole; one that it may get allows `none` */
  readonly limit: { readonly name: string; readonly allows: string };
  /** its next tasks */
  readonly next: readonly { readonly id: string; readonly task: string | null; readonly at: number | null }[];
  /** names of its tasks, those that ended most often first; of the last hour */
  readonly names: readonly {
    readonly task: string;
    readonly done: number;
    readonly failed: number;
    readonly p95Ms: number;
  }[];
}
