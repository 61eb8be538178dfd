import type { DeadGroup } from '../../../inspector/dead-groups.js';
import type { Line } from '../../arguments/shown-arguments.js';
import type { ActionQuestion } from '../../http/question.js';
import type { Json } from '../../wire.js';

export type { Line };

/** Which dead tasks are meant, as addresses of the page have it. Times are ISO dates, or durations ago. */
export interface DeadQuery {
  readonly queue?: string | undefined;
  readonly task?: string | undefined;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly group?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** only for actions on all that match: the id begins so */
  readonly id?: string | undefined;
  /** the same: id, name or arguments contain it */
  readonly q?: string | undefined;
  /** the same: the arguments contain it */
  readonly text?: string | undefined;
}

/** A dead task in a list. */
export interface DeadRow {
  readonly id: string;
  readonly queue: string;
  readonly task: string | undefined;
  readonly code: string;
  readonly error: string;
  /** whether its data is sealed */
  readonly sealed: boolean;
  /** ISO */
  readonly diedAt: string;
  readonly attempt: number | undefined;
  readonly host: string;
  /** how often it was redriven */
  readonly redriven: number;
  /** on one line; undefined when they cannot be read or may not be seen */
  readonly args: Line | undefined;
}

/** How far a search has come. */
export interface Looked {
  readonly looked: number;
  /** about so many are left */
  readonly left: number;
  readonly cursor: string | undefined;
}

/** An error and what died of it. */
export interface DeadGroupView extends Json<Omit<DeadGroup, 'sample'>> {
  /** the whole text of the last one */
  readonly text: string;
  readonly stack: string | undefined;
  /** whether its data is sealed */
  readonly sealed: boolean;
  /** the last one */
  readonly id: string;
  readonly queue: string;
}

export interface DeadGroupsView extends Looked {
  readonly groups: readonly DeadGroupView[];
  readonly others: { readonly groups: number; readonly tasks: number };
  /** all that are dead, whether they match or not */
  readonly total: number;
}

export interface DeadRowsView extends Looked {
  readonly rows: readonly DeadRow[];
}

/** What an action would be about. */
export interface DeadPreviewView {
  /** those that match among the ones that were looked at */
  readonly matching: number;
  readonly looked: number;
  readonly left: number;
  readonly sample: readonly DeadRow[];
  /** the same with fixed times: the action takes this one */
  readonly filter: DeadQuery;
  readonly question: ActionQuestion;
}
