import type { Due } from './broker.js';

/**
 * `batch`: many tasks with callbacks; `flow`: tasks that wait for others.
 *
 * @example
 * const kind: GroupKind = 'flow';
 */
export type GroupKind = 'batch' | 'flow';

/**
 * How a batch or flow stands. `open`: it goes on. `failed`: a member has failed for good; a batch or flow that is not over may go on when that is
 * sent again. `done`, `cancelled`; `expired`: its deadline passed; `abandoned`: its sender died before it had added everything.
 *
 * @example
 * const over: GroupState[] = ['done', 'cancelled', 'expired'];
 */
export type GroupState = 'open' | 'failed' | 'done' | 'cancelled' | 'expired' | 'abandoned';

/**
 * The first task of a batch or flow that failed for good.
 *
 * @example
 * const { culprit } = await batch.status();
 * if (culprit) logger.log(`${culprit.task} ${culprit.id}: ${culprit.error ?? culprit.how}`);
 */
export interface Culprit {
  /** id of the task */
  readonly id: string;
  /** its name; `other` for one that is no name */
  readonly task: string;
  /** how it ended */
  readonly how: 'dead' | 'dropped' | 'cancelled';
  /** of its error; undefined for one that is not dead */
  readonly code?: string;
  /** the beginning of the text of its error; `[sealed]` where this process cannot open it */
  readonly error?: string;
  /** whether its error is sealed in Redis; left out where it is not */
  readonly sealed?: true;
}

/**
 * How many tasks a batch or flow has, by how they stand.
 *
 * @example
 * const { total, waiting }: GroupCounts = await batch.status();
 */
export interface GroupCounts {
  /** all that were added */
  readonly total: number;
  /** that have succeeded */
  readonly done: number;
  /** dead, or deleted after that */
  readonly failed: number;
  /** that threw DropTask, or an error of their `dropOn` */
  readonly dropped: number;
  /** that were cancelled, or purged while they waited */
  readonly cancelled: number;
  /** that have not ended */
  readonly waiting: number;
}

/** A group as it is kept. */
export interface GroupRecord extends GroupCounts {
  readonly id: string;
  readonly kind: GroupKind;
  /** '' for none */
  readonly name: string;
  readonly state: GroupState;
  /** whether nothing of it is to come any more */
  readonly ended: boolean;
  /** in ms since 1970, by the clock of the sender */
  readonly openedAt: number;
  /** in ms since 1970; undefined for none */
  readonly deadlineAt: number | undefined;
  readonly culprit: Culprit | undefined;
}

/** A group to open. */
export interface NewGroup {
  readonly id: string;
  readonly kind: GroupKind;
  /** `end`: members that fail count as ended */
  readonly policy: 'fail' | 'end';
  readonly name: string;
  readonly openedAt: number;
  readonly deadlineMs: number | undefined;
  /** sent when all is done */
  readonly done: Continuation | undefined;
  /** sent at the first failure */
  readonly failed: Continuation | undefined;
}

/** A task that is sent later. */
export interface Continuation {
  readonly queue: string;
  readonly message: string;
}

export type NodeState = 'waiting' | 'ready' | 'failing' | 'done' | 'dead' | 'deleted' | 'dropped' | 'cancelled';

/** A node to add to a flow. */
export interface NewNode extends Continuation {
  readonly number: number;
  /** name of the task */
  readonly name: string;
  /** how many nodes it waits for */
  readonly waits: number;
  /** `end`: one that fails counts as ended */
  readonly policy: 'fail' | 'end';
  /** numbers of the nodes that wait for it */
  readonly waiting: readonly number[];
  /** whether all of these have the policy `end`, and there is one */
  readonly covered: boolean;
}

/** Nodes that are added to a flow. */
export interface NodesToAdd {
  readonly nodes: readonly NewNode[];
  /** whether these are the last ones */
  readonly starts: boolean;
  /** the number of the running node that adds them, if one does */
  readonly behind?: number;
}

/** A node as it is kept. */
export interface NodeRecord {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: NodeState;
  readonly waits: number;
  readonly policy: 'fail' | 'end';
  /** numbers of the nodes that wait for it */
  readonly waiting: readonly number[];
}

/** Whether a group took something: it may have ended, there may be none, or too many nodes would wait for too many. */
export type Added = 'added' | 'ended' | 'unknown' | 'wide';

/** The nodes that a running one adds, times those that wait for it: each of these would wait for each of those. */
export const MOST_ADDED_LINKS = 100_000;

/** When members of a batch are due, and what their limits count them by. */
export interface MemberOptions {
  /** now by default */
  readonly due?: Due | undefined;
  /** limit keys, each followed by its key in clear; none by default */
  readonly labels?: readonly string[];
}

/** The calls of those who make batches and flows. Each may be repeated: it changes nothing then. */
export interface GroupBroker {
  open(group: NewGroup): Promise<void>;
  /** Adds members to a batch; none only shows that the sender is alive. */
  add(group: string, queue: string, messages: readonly string[], options?: MemberOptions): Promise<Added>;
  /** Takes numbers for so many nodes. Resolves to the first of them. */
  reserve(group: string, count: number): Promise<number>;
  addNodes(group: string, nodes: NodesToAdd): Promise<Added>;
  /** Ends the time in which a batch is filled. @param abandoned whether its sender gives up before it has added all */
  seal(group: string, abandoned?: boolean): Promise<void>;
  cancel(group: string): Promise<'cancelled' | 'ended' | 'unknown'>;
  read(groups: readonly string[]): Promise<(GroupRecord | undefined)[]>;
}

/** A group among those that were opened. */
export interface GroupPlace {
  readonly id: string;
  /** when it was opened, in ms of Redis time */
  readonly at: number;
}

/** What the keys beside its record say of a group. */
export interface GroupTimes {
  /** whether its sender still adds to it */
  readonly filling: boolean;
  /** when it ended, in ms of Redis time; undefined while it goes on */
  readonly endedAt: number | undefined;
}

/** What people need to look at groups. */
export interface GroupPort extends Pick<GroupBroker, 'read' | 'cancel'> {
  /** Groups in the order in which they were opened, the latest first, behind a place; and how many come after them. */
  page(
    after: GroupPlace | undefined,
    limit: number,
  ): Promise<{ readonly places: readonly GroupPlace[]; readonly left: number }>;
  times(groups: readonly string[]): Promise<GroupTimes[]>;
  /** Nodes of a flow by their numbers; fewer than `limit` where numbers are not used. */
  nodes(group: string, from: number, limit: number): Promise<{ nodes: NodeRecord[]; next: number | undefined }>;
  /** The task that waits in a flow, as `<queue> <message>`. */
  waitingNode(id: string): Promise<Continuation | undefined>;
}
