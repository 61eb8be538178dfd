import type { ActionRecord } from '../../../inspector/actions/action-log.js';
import type { Target } from '../../live/snapshot.js';
import type { Json } from '../../wire.js';

export interface ActionLine extends Json<ActionRecord> {
  /** the view of its subject, where that is one thing that has a view */
  readonly to: Target | undefined;
}

/** The latest actions that match. */
export interface ActionsPage {
  readonly actions: readonly ActionLine[];
  /** whether there are others before them */
  readonly more: boolean;
  /** all that can be done */
  readonly kinds: readonly string[];
}
