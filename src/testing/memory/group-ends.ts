import type { Continuation, GroupState } from '../../broker/port/group-port.js';
import { statusOfGroup } from '../../groups/batch-status.js';
import { type GroupTag, groupTagOf } from '../../message/group-tag.js';
import { labelOf } from '../../message/message-label.js';
import { idOf } from '../../message/task-message.js';
import { SEAL_START } from '../../payload/payload-codec.js';
import { endNode, endWaiting, type NodeEnds, startNodes } from './flow-nodes.js';
import type { GroupEffects } from './group-effects.js';
import { isOver, type MemoryGroup, recordOf } from './memory-group.js';

/** How a member left: `deleted` from the dead. */
export type MemberEnd = 'done' | 'dead' | 'dropped' | 'cancelled' | 'deleted';

/** A callback has a place for its status. */
const STATUS_PLACE = ',["$"]';

/** Counts the ends of members, and does what hangs on them: the same as lua/lib/groups.lua. */
export class GroupEnds {
  private readonly nodeEnds: NodeEnds = {
    send: (task) => this.effects.send(task, false),
    bury: (task) => this.bury(task),
  };
  /** what is done once the end of the member is counted */
  private readonly orders: (() => void)[] = [];

  constructor(
    private readonly find: (id: string) => MemoryGroup | undefined,
    private readonly effects: GroupEffects,
  ) {}

  /** A member has left. @param report of a dead one */
  left(message: string, how: MemberEnd, report = ''): void {
    const member = groupTagOf(message);
    const group = member && this.find(member.group);
    if (!group || group.open <= 0) return;
    const isMadeUpFor = this.isMadeUpFor(group, member, how);
    group[how] += 1;
    if (how === 'dead' && !isMadeUpFor) group.held += 1;
    else if (how !== 'deleted') group.open -= 1;
    else {
      group.dead -= 1;
      group.held -= isMadeUpFor ? 0 : 1;
      group.open -= isMadeUpFor ? 0 : 1;
    }
    if (how !== 'done' && how !== 'deleted' && !isMadeUpFor) this.noteFailure(group, message, how, report);
    this.settle(group);
    this.carryOut();
  }

  /** A dead member is sent again. Returns whether it still counts: a group that has ended, or was stopped, goes on without it. */
  redriven(message: string): boolean {
    const member = groupTagOf(message);
    const group = member && this.find(member.group);
    if (!group || group.open <= 0) return false;
    if (isOver(group)) {
      this.left(message, 'deleted');
      return false;
    }
    const node = group.nodes.get(member.number);
    const isMadeUpFor = group.policy === 'end' || node?.covered === true;
    if (node) node.state = 'ready';
    group.dead -= 1;
    group.open += isMadeUpFor ? 1 : 0;
    group.held -= isMadeUpFor ? 0 : 1;
    group.bad -= isMadeUpFor ? 0 : 1;
    if (group.bad <= 0 && group.state === 'failed') Object.assign(group, { state: 'open', culprit: undefined });
    return true;
  }

  /** Sends the nodes of a flow that wait for nothing. */
  start(group: MemoryGroup): void {
    startNodes(group, this.nodeEnds);
    this.carryOut();
  }

  /** No more comes from its sender. Returns whether that is news. */
  seal(group: MemoryGroup): boolean {
    if (group.unsealedUntil === undefined) return false;
    group.unsealedUntil = undefined;
    group.open -= 1;
    this.settle(group);
    this.carryOut();
    return true;
  }

  /** No more of its members start. */
  stop(group: MemoryGroup, state: GroupState): void {
    const unsealed = group.unsealedUntil === undefined ? 0 : 1;
    group.open -= group.held + unsealed;
    Object.assign(group, { held: 0, unsealedUntil: undefined, endsAt: undefined });
    this.fail(group, state);
    this.effects.abort(group.id);
    if (group.kind === 'flow') this.orders.push(() => this.endWaiting(group));
    this.settle(group);
    this.carryOut();
  }

  /** Ends what its time ends. */
  tend(group: MemoryGroup): void {
    if (group.open <= 0 || isOver(group)) return;
    if ((group.endsAt ?? Number.POSITIVE_INFINITY) <= this.effects.now) return this.stop(group, 'expired');
    if ((group.unsealedUntil ?? Number.POSITIVE_INFINITY) > this.effects.now) return;
    if (group.kind === 'flow') return this.stop(group, 'abandoned');
    this.abandon(group);
  }

  /** Its sender has gone before it had added all. */
  abandon(group: MemoryGroup): void {
    if (group.unsealedUntil === undefined) return;
    group.unsealedUntil = undefined;
    group.open -= 1;
    this.fail(group, 'abandoned');
    this.settle(group);
    this.carryOut();
  }

  /** Whether nothing hangs on how the member ended. */
  private isMadeUpFor(group: MemoryGroup, { number }: GroupTag, how: MemberEnd): boolean {
    const isCovered = group.kind === 'flow' && endNode(group, number, how, this.nodeEnds);
    return isCovered || group.policy === 'end' || isOver(group);
  }

  private noteFailure(
    group: MemoryGroup,
    message: string,
    how: 'dead' | 'dropped' | 'cancelled',
    report: string,
  ): void {
    group.bad += 1;
    const { code, error } = report === '' ? {} : (JSON.parse(report) as { code?: string; error?: string });
    const told = { ...(code !== undefined && { code }), ...(error !== undefined && { error: shortened(error) }) };
    group.culprit ??= { id: idOf(message), task: labelOf(message)?.name ?? 'other', how, ...told };
    if (group.state === 'open') this.fail(group, 'failed');
  }

  /** It is over for the group, at once: a member has failed for good, its time is over, or somebody has cancelled it. */
  private fail(group: MemoryGroup, state: GroupState): void {
    group.state = state;
    this.callBack(group, 'failed');
  }

  private settle(group: MemoryGroup): void {
    if (group.open > 0 || group.endedAt !== undefined) return;
    if (group.state === 'open' || group.state === 'failed') group.state = group.bad > 0 ? 'failed' : 'done';
    Object.assign(group, { endsAt: undefined, endedAt: this.effects.now });
    if (group.state === 'done') this.callBack(group, 'done');
    const { done } = group.callbacks;
    Object.assign(group.callbacks, { done: undefined, ...(group.state === 'done' && { failed: undefined }) });
    if (done && group.state !== 'cancelled') this.bury(withStatus(group, done));
  }

  private callBack(group: MemoryGroup, which: 'done' | 'failed'): void {
    const callback = group.callbacks[which];
    group.callbacks[which] = undefined;
    if (!callback) return;
    this.effects.send(withStatus(group, callback), true);
  }

  private bury(task: Continuation): void {
    this.orders.push(() => this.left(task.message, 'dead', this.effects.bury(task)));
  }

  private endWaiting(group: MemoryGroup): void {
    const ended = endWaiting(group);
    for (const task of ended) this.effects.drop(task);
    group.cancelled += ended.length;
    group.open -= ended.length;
    this.settle(group);
  }

  private carryOut(): void {
    for (let order = this.orders.shift(); order; order = this.orders.shift()) order();
  }
}

/** A seal opens only whole. */
function shortened(error: string): string {
  return error.slice(0, error.startsWith(SEAL_START) ? 8_192 : 500);
}

function withStatus(group: MemoryGroup, { queue, message }: Continuation): Continuation {
  const status = `,[${JSON.stringify(statusOfGroup(recordOf(group)))}]`;
  // a function, since the text may have signs that mean something there
  return { queue, message: message.replace(STATUS_PLACE, () => status) };
}
