import {
  type Continuation,
  MOST_ADDED_LINKS,
  type NewNode,
  type NodeRecord,
  type NodesToAdd,
} from '../../broker/port/group-port.js';
import { idOf } from '../../message/task-message.js';
import type { MemberEnd } from './group-ends.js';
import type { MemoryGroup, MemoryNode } from './memory-group.js';

/** What becomes of the task of a node that waits no more. */
export interface NodeEnds {
  /** It comes to its queue. */
  send(task: Continuation): void;
  /** It is dead: it waited for something that is lost. */
  bury(task: Continuation): void;
}

type Which = 'all' | 'fail' | 'end';

/** Whether those that wait for the running node would wait for too many. */
export function isTooWide(group: MemoryGroup, { nodes, behind }: NodesToAdd): boolean {
  const waiting = behind === undefined ? [] : (group.nodes.get(behind)?.waiting ?? []);
  return waiting.length * lastOf(nodes).length > MOST_ADDED_LINKS;
}

function lastOf(nodes: readonly NewNode[]): NewNode[] {
  return nodes.filter(({ waiting }) => waiting.length === 0);
}

export function addNodes(group: MemoryGroup, { nodes, behind }: NodesToAdd): void {
  for (const node of nodes) group.nodes.set(node.number, nodeOf(node));
  if (behind !== undefined) hangOn(group, behind, lastOf(nodes));
}

/** Those that wait for a running node wait for these as well. */
function hangOn(group: MemoryGroup, behind: number, last: readonly NewNode[]): void {
  const runs = group.nodes.get(behind);
  if (!runs || runs.waiting.length === 0) return;
  const more = last.flatMap(({ number }) => group.nodes.get(number) ?? []);
  for (const node of more) Object.assign(node, { covered: runs.covered, waiting: runs.waiting });
  for (const number of runs.waiting) {
    const node = group.nodes.get(number);
    if (node) node.waits += more.length;
  }
}

/** Sends the nodes that wait for nothing, and reaches those that wait for one that was cancelled before. */
export function startNodes(group: MemoryGroup, ends: NodeEnds): void {
  for (const node of group.nodes.values()) {
    if (node.state === 'cancelled' && !node.told) {
      node.told = true;
      reachAll(group, node, 'cancelled', 'all', ends);
    }
    if (node.state === 'waiting' && node.waits <= 0) sendNode(node, ends);
  }
}

/** A node has ended. Returns whether nothing hangs on how: all that waited for it go on without it. */
export function endNode(group: MemoryGroup, number: number, how: MemberEnd, ends: NodeEnds): boolean {
  const node = group.nodes.get(number);
  if (!node) return false;
  const { told } = node;
  // those that wait for it may be missing yet: the start of the flow reaches them
  const isEarly = how === 'cancelled' && group.unsealedUntil !== undefined;
  Object.assign(node, { state: how, told: told || how === 'dead' || (how === 'cancelled' && !isEarly) });
  if (isEarly) return node.covered;
  if (how !== 'dead') reachAll(group, node, how, told ? 'fail' : 'all', ends);
  else if (!told) reachAll(group, node, how, 'end', ends);
  return node.covered;
}

/** Ends the nodes that have not started. Returns their tasks. */
export function endWaiting(group: MemoryGroup): Continuation[] {
  const ended: Continuation[] = [];
  for (const node of group.nodes.values()) {
    const { task } = node;
    if (node.state !== 'waiting' || !task) continue;
    Object.assign(node, { state: 'cancelled', task: undefined });
    ended.push(task);
  }
  return ended;
}

export function nodeRecord({ number, id, name, queue, state, waits, policy, waiting }: MemoryNode): NodeRecord {
  return { number, id, name, queue, state, waits, policy, waiting };
}

function reachAll(group: MemoryGroup, { waiting }: MemoryNode, how: MemberEnd, which: Which, ends: NodeEnds): void {
  for (const number of waiting) {
    const node = group.nodes.get(number);
    if (node && (which === 'all' || node.policy === which)) reach(node, how, ends);
  }
}

/**
 * A node no longer waits for one of those before it. Failures reach those with the policy `end` as an end; of others a death may yet be
 * mended, and all other failures are for good.
 */
function reach(node: MemoryNode, how: MemberEnd, ends: NodeEnds): void {
  if (node.state !== 'waiting') return;
  if (how === 'done' || node.policy === 'end') {
    node.waits -= 1;
    if (node.waits <= 0) sendNode(node, ends);
  } else if (how !== 'dead') {
    const { task } = node;
    Object.assign(node, { state: 'failing', task: undefined });
    if (task) ends.bury(task);
  }
}

function sendNode(node: MemoryNode, ends: NodeEnds): void {
  const { task } = node;
  Object.assign(node, { state: 'ready', task: undefined });
  if (task) ends.send(task);
}

function nodeOf({ number, name, queue, message, waits, policy, waiting, covered }: NewNode): MemoryNode {
  const task = { queue, message };
  return {
    number,
    name,
    queue,
    id: idOf(message),
    policy,
    waits,
    waiting,
    covered,
    told: false,
    state: 'waiting',
    task,
  };
}
