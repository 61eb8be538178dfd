/** What a purge would take. */
export interface PurgePreviewAnswer {
  readonly matching: number;
  readonly looked: number;
  readonly total: number;
  readonly sample: readonly { readonly id: string; readonly task: string | null; readonly at: number | null }[];
}
