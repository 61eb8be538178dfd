import type { FlowNodeState, GroupReport } from '../../../inspector/groups/group-report.js';
import type { Json } from '../../wire.js';

export type GroupLine = Json<GroupReport>;

/** A part of the list of batches and flows. */
export interface GroupsPage {
  readonly groups: readonly GroupLine[];
  /** where to go on; undefined when all were looked at */
  readonly cursor: string | undefined;
  readonly looked: number;
  readonly left: number;
}

/** One batch or flow, as its page shows it. */
export interface GroupView {
  readonly group: GroupLine;
  /** why it cannot be cancelled; undefined where it can */
  readonly off: string | undefined;
  /** whether the first task that failed is dead, and may be redriven */
  readonly redrivable: boolean;
  /** the steps of a flow; undefined for a batch, of which no list of tasks is kept */
  readonly steps: StepsPage | undefined;
}

/** Some of the steps of a flow, in the order in which they can run. */
export interface StepsPage {
  readonly steps: readonly StepLine[];
  /** the number of the first one, from 0 */
  readonly from: number;
  /** of all that are listed */
  readonly count: number;
  /** steps that are not listed, because they are too many */
  readonly unlisted: number;
}

/** The tasks of one name that are equally far from the start of their flow. */
export interface StepLine {
  /** in addresses */
  readonly key: string;
  readonly task: string;
  readonly queue: string;
  /** how far it is from the start, from 1 */
  readonly level: number;
  readonly count: number;
  /** how many are in which state; no zeros, and those first that need somebody */
  readonly states: readonly (readonly [state: FlowNodeState, count: number])[];
  /** the first steps that it waits for, or waited for */
  readonly after: readonly { readonly key: string; readonly task: string; readonly count: number }[];
  /** how many more there are */
  readonly afterMore: number;
  /** of a step with one task: that one */
  readonly only: NodeLine | undefined;
}

/** A task of a flow. */
export interface NodeLine {
  readonly number: number;
  readonly id: string;
  readonly state: FlowNodeState;
  /** for how many tasks it waits now */
  readonly waitsFor: number;
  /** of a dead one; undefined where that is not known */
  readonly error: string | undefined;
}

/** Some of the tasks of a step: those first that need somebody. */
export interface NodesPage {
  readonly nodes: readonly NodeLine[];
  /** the number of the first one, from 0 */
  readonly from: number;
  /** of all that are in the state that was asked for */
  readonly count: number;
}
