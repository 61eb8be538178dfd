/** The flow of all queues in the last hour. */
export interface FlowsAnswer {
  /** the beginning of each minute, in ms since 1970; the present one last */
  readonly at: readonly number[];
  /** by name of the queue; `in` is null where it is not known */
  readonly queues: Readonly<
    Record<string, { readonly in: readonly (number | null)[]; readonly out: readonly number[] }>
  >;
}

/** What a purge would take. */
export interface PurgePreviewAnswer {
  readonly matching: number;
  readonly looked: number;
  readonly total: number;
  readonly sample: readonly { readonly id: string; readonly task: string | null; readonly at: number | null }[];
}
