import type { GroupKind, GroupRecord, GroupTimes, NodeRecord } from '../../broker/port/group-port.js';
import { type BatchStatus, openedStatus } from '../../groups/batch-status.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { dateOf } from '../../values/dates.js';
import type { DeadTask } from '../dead-task.js';

/**
 * A batch or a flow, as an inspector shows it.
 *
 * @example
 * const text = ({ kind, name, done, total }: GroupReport): string => `${kind} ${name}: ${done} of ${total}`;
 */
export interface GroupReport extends BatchStatus {
  /** `batch`: tasks with callbacks; `flow`: tasks that wait for others */
  readonly kind: GroupKind;
  /** whether nothing of it is to come any more; one that has `failed` goes on until its dead tasks are redriven or deleted */
  readonly ended: boolean;
  /** whether its sender still adds tasks to it */
  readonly filling: boolean;
  /** when it was opened, by the clock of its sender; undefined when Redis does not have that any more */
  readonly openedAt: Date | undefined;
  /** when it expires, by the clock of its sender; undefined for one without a `deadline` */
  readonly deadlineAt: Date | undefined;
  /** when it ended, by the clock of Redis; undefined while it goes on */
  readonly endedAt: Date | undefined;
}

/**
 * Where a task of a flow is, in a word:
 *
 * - `'waiting'`: it waits for others of the flow
 * - `'sent'`: it is in its queue, on the schedule, or active; `inspector.tasks.get(id)` says where
 * - `'failing'`: it waited for a task that has failed for good. A worker makes it dead within moments
 * - `'done'`, `'dropped'`, `'cancelled'`: it has ended so
 * - `'dead'`: it may be redriven
 * - `'deleted'`: it was dead, and somebody deleted it
 *
 * @example
 * const isOver = (state: FlowNodeState): boolean => ['done', 'dropped', 'cancelled', 'deleted'].includes(state);
 */
export type FlowNodeState = 'waiting' | 'sent' | 'failing' | 'done' | 'dead' | 'deleted' | 'dropped' | 'cancelled';

/**
 * A task of a flow.
 *
 * @example
 * const text = ({ number, task, state }: FlowNode): string => `${number} ${task}: ${state}`;
 */
export interface FlowNode {
  /** its number in the flow, from 0; a task waits for tasks with smaller numbers, and for those that a running task has added */
  readonly number: number;
  /** id of the task */
  readonly id: string;
  /** name of the task */
  readonly task: string;
  /** name of its queue */
  readonly queue: string;
  /** where it is */
  readonly state: FlowNodeState;
  /** for how many tasks it waits now; 0 once it was sent */
  readonly waitsFor: number;
  /** the numbers of the tasks that wait for it, or did */
  readonly next: readonly number[];
  /** the code of its error; of a dead one, and only of the first 100 dead ones of a page */
  readonly code: string | undefined;
  /** the first line of the text of its error; as `code` */
  readonly error: string | undefined;
  /** whether its data is sealed; as `code`, and left out where it is not */
  readonly sealed?: true;
}

/** The words for the states of nodes as Redis has them. */
const STATES: Record<NodeRecord['state'], FlowNodeState> = {
  waiting: 'waiting',
  ready: 'sent',
  failing: 'failing',
  done: 'done',
  dead: 'dead',
  deleted: 'deleted',
  dropped: 'dropped',
  cancelled: 'cancelled',
};

export function reportOfGroup(
  record: GroupRecord,
  { filling, endedAt }: GroupTimes,
  payloads: PayloadCodec,
): GroupReport {
  const { kind, ended, openedAt, deadlineAt } = record;
  return {
    ...openedStatus(record, payloads),
    kind,
    ended,
    filling,
    openedAt: openedAt === 0 ? undefined : dateOf(openedAt),
    deadlineAt: dateOf(deadlineAt),
    endedAt: dateOf(endedAt),
  };
}

/** @param death of its report, if it is dead */
export function flowNode(record: NodeRecord, death: Pick<DeadTask, 'code' | 'error' | 'sealed'> | undefined): FlowNode {
  const { number, id, name, queue, state, waits, waiting } = record;
  const error = death?.error.split('\n')[0];
  const waitsFor = state === 'waiting' ? waits : 0;
  const sealed = death?.sealed ? { sealed: true as const } : {};
  const place = { number, id, task: name, queue, state: STATES[state], waitsFor, next: waiting };
  return { ...place, code: death?.code, error, ...sealed };
}
