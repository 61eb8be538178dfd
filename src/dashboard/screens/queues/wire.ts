import type { ActionQuestion } from '../../http/question.js';

/** What a purge would take. */
export interface PurgePreviewAnswer {
  readonly matching: number;
  readonly looked: number;
  readonly total: number;
  readonly question: ActionQuestion;
  readonly sample: readonly { readonly id: string; readonly task: string | null; readonly at: number | null }[];
}
