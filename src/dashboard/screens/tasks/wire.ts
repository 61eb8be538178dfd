import type { ListedState } from '../../../inspector/tasks/listed-task.js';
import type { Line } from '../../arguments/shown-arguments.js';
import type { ActionQuestion } from '../../http/question.js';

export type { Line };

/** Which tasks are meant by an action on all that match. */
export interface MatchingQuery {
  readonly state?: string;
  readonly queue?: string;
  readonly task?: string;
  /** the id begins so */
  readonly id?: string;
  /** id, name or arguments contain it */
  readonly q?: string;
  /** the arguments contain it */
  readonly text?: string;
}

/** What an action on all that match would be about. */
export interface MatchingPreview {
  /** those that match among the ones that were looked at */
  readonly matching: number;
  readonly looked: number;
  readonly left: number;
  readonly sample: readonly TaskRow[];
  /** the action takes this one */
  readonly filter: MatchingQuery;
  readonly question: ActionQuestion;
}

/** The state of a row: dead tasks stand behind those that live. */
export type RowState = ListedState | 'dead';

/** A task in the list. */
export interface TaskRow {
  readonly id: string;
  readonly state: RowState;
  /** a limit keeps it from starting */
  readonly heldBack?: true;
  readonly queue: string;
  /** undefined for bytes that are no call */
  readonly task: string | undefined;
  readonly attempt: number | undefined;
  /** when it started, is due, ended or came into its queue, by its state; ISO */
  readonly at: string | undefined;
  /** where it runs or died */
  readonly where: string | undefined;
  /** its arguments on one line; undefined when they cannot be read or may not be seen */
  readonly args: Line | undefined;
}

/** A part of the list. */
export interface TaskRows {
  readonly rows: readonly TaskRow[];
  /** goes on; undefined when all was looked at */
  readonly cursor: string | undefined;
  /** for this part */
  readonly looked: number;
  /** about so many are left to look at */
  readonly left: number;
  /** whether the person may see arguments at all: else a search leaves them out */
  readonly seesArguments: boolean;
  /** what was passed over because it is no dead task */
  readonly notes?: readonly string[] | undefined;
}

/** Scheduled tasks by their time. */
export interface ScheduledRows {
  readonly rows: readonly TaskRow[];
  /** in all chosen queues */
  readonly total: number;
}
