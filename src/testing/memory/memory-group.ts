import type {
  Continuation,
  Culprit,
  GroupCounts,
  GroupRecord,
  GroupState,
  NewGroup,
  NewNode,
  NodeState,
} from '../../broker/port/group-port.js';

/** A node of a flow. */
export interface MemoryNode extends Omit<NewNode, 'waits' | 'waiting' | 'covered' | 'queue' | 'message'> {
  readonly id: string;
  readonly queue: string;
  state: NodeState;
  waits: number;
  waiting: readonly number[];
  covered: boolean;
  /** whether those that wait for it were reached at its death or cancellation */
  told: boolean;
  /** the task, until it comes to its queue */
  task: Continuation | undefined;
}

/** A batch or a flow. The counts are those of lua/lib/groups.lua. */
export interface MemoryGroup extends Pick<NewGroup, 'id' | 'kind' | 'policy' | 'name' | 'openedAt'> {
  /** when it was opened, in ms since 1970 */
  readonly at: number;
  readonly deadlineAt: number | undefined;
  state: GroupState;
  culprit: Culprit | undefined;
  /** 1 until it is sealed, and the members that have not ended */
  open: number;
  /** dead members that may be sent again; `open` counts them */
  held: number;
  /** failures that nothing makes up for */
  bad: number;
  total: number;
  done: number;
  dead: number;
  deleted: number;
  dropped: number;
  cancelled: number;
  /** when its sender counts as dead, in ms since 1970; undefined once it is sealed */
  unsealedUntil: number | undefined;
  /** when its time is over; undefined once that does not matter any more */
  endsAt: number | undefined;
  /** when it ended; undefined while it goes on */
  endedAt: number | undefined;
  readonly callbacks: { done: Continuation | undefined; failed: Continuation | undefined };
  /** by their numbers */
  readonly nodes: Map<number, MemoryNode>;
  nextNumber: number;
}

export function newGroup(group: NewGroup, now: number, unsealedUntil: number): MemoryGroup {
  const { id, kind, policy, name, openedAt, deadlineMs, done, failed } = group;
  return {
    ...{ id, kind, policy, name, openedAt, unsealedUntil, at: now },
    deadlineAt: deadlineMs === undefined ? undefined : openedAt + deadlineMs,
    endsAt: deadlineMs === undefined ? undefined : now + deadlineMs,
    ...{ state: 'open', culprit: undefined, open: 1, held: 0, bad: 0, endedAt: undefined },
    ...{ total: 0, done: 0, dead: 0, deleted: 0, dropped: 0, cancelled: 0 },
    callbacks: { done, failed },
    ...{ nodes: new Map(), nextNumber: 0 },
  };
}

/** Whether nothing of it starts any more, and nothing that failed is waited for. */
export function isOver({ state }: MemoryGroup): boolean {
  return state === 'cancelled' || state === 'expired';
}

export function recordOf(group: MemoryGroup): GroupRecord {
  const { id, kind, name, state, openedAt, deadlineAt, culprit } = group;
  return { id, kind, name, state, ended: group.open <= 0, openedAt, deadlineAt, culprit, ...countsOf(group) };
}

function countsOf({ total, done, dead, deleted, dropped, cancelled }: MemoryGroup): GroupCounts {
  const failed = dead + deleted;
  return { total, done, failed, dropped, cancelled, waiting: total - done - failed - dropped - cancelled };
}
