import type { ActionRecord } from '../../../inspector/actions/action-log.js';
import type { Json } from '../../wire.js';

export type ActionLine = Json<ActionRecord>;

/** The latest actions that match. */
export interface ActionsPage {
  readonly actions: readonly ActionLine[];
  /** whether there are others before them */
  readonly more: boolean;
  /** all that can be done */
  readonly kinds: readonly string[];
}
