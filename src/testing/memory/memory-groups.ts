import type { Due } from '../../broker/port/broker.js';
import type {
  Added,
  Continuation,
  GroupBroker,
  GroupPlace,
  GroupPort,
  GroupRecord,
  GroupTimes,
  MemberOptions,
  NewGroup,
  NodeRecord,
  NodesToAdd,
} from '../../broker/port/group-port.js';
import { UNSEALED_MS } from '../../broker/redis-groups.js';
import { groupTagOf } from '../../message/group-tag.js';
import { addNodes, isTooWide, nodeRecord } from './flow-nodes.js';
import { GroupEffects } from './group-effects.js';
import { GroupEnds, type MemberEnd } from './group-ends.js';
import type { BrokerObserver } from './memory-broker.js';
import { isOver, type MemoryGroup, type MemoryNode, newGroup, recordOf } from './memory-group.js';
import type { MemoryResults } from './memory-results.js';
import type { MemoryTasks } from './memory-tasks.js';

/** For how long a group is known after its end. */
const KEPT_MS = 86_400_000;

/** Batches and flows, in memory. */
export class MemoryGroups implements GroupBroker, GroupPort {
  private readonly groups = new Map<string, MemoryGroup>();
  private readonly ends: GroupEnds;

  constructor(
    private readonly tasks: MemoryTasks,
    results: MemoryResults,
    private readonly observer: BrokerObserver,
  ) {
    this.ends = new GroupEnds((id) => this.find(id), new GroupEffects(tasks, results, observer));
  }

  async open(group: NewGroup): Promise<void> {
    const { now } = this.tasks;
    if (!this.groups.has(group.id)) this.groups.set(group.id, newGroup(group, now, now + UNSEALED_MS));
  }

  async add(id: string, queue: string, messages: readonly string[], options: MemberOptions = {}): Promise<Added> {
    const { due, labels = [] } = options;
    const group = this.find(id);
    if (group?.kind !== 'batch') return 'unknown';
    if (group.open <= 0 || isOver(group)) return 'ended';
    const at = due && !this.observer.impatient ? this.timeOf(due) : this.tasks.now;
    const fresh = messages.filter((message) => this.tasks.add(queue, message, at > this.tasks.now ? at : undefined));
    this.tasks.lines.limits.label(labels);
    group.total += fresh.length;
    group.open += fresh.length;
    this.isAlive(group);
    await this.observer.onSent(fresh.map((message) => ({ queue, message, due })));
    return 'added';
  }

  async reserve(id: string, count: number): Promise<number> {
    const group = this.find(id);
    if (!group) return 0;
    group.nextNumber += count;
    return group.nextNumber - count;
  }

  async addNodes(id: string, adding: NodesToAdd): Promise<Added> {
    const group = this.find(id);
    const { nodes, starts, behind } = adding;
    if (group?.kind !== 'flow') return 'unknown';
    if (group.state === 'abandoned') return 'ended';
    if (nodes.some(({ number }) => group.nodes.has(number))) return 'added';
    const isOfRunning = behind === undefined || group.nodes.get(behind)?.state === 'ready';
    if (group.open <= 0 || isOver(group) || !isOfRunning) return 'ended';
    if (isTooWide(group, adding)) return 'wide';
    addNodes(group, adding);
    group.total += nodes.length;
    group.open += nodes.length;
    if (behind !== undefined || (starts && this.ends.seal(group))) this.ends.start(group);
    else this.isAlive(group);
    await this.observer.onSent(nodes.map(({ queue, message }) => ({ queue, message, due: undefined })));
    return 'added';
  }

  async seal(id: string, abandoned = false): Promise<void> {
    const group = this.find(id);
    if (group && abandoned) this.ends.abandon(group);
    else if (group) this.ends.seal(group);
    await this.observer.onSent([]);
  }

  async cancel(id: string): Promise<'cancelled' | 'ended' | 'unknown'> {
    const group = this.find(id);
    if (!group) return 'unknown';
    if (group.open <= 0 || isOver(group)) return 'ended';
    this.ends.stop(group, 'cancelled');
    await this.observer.onSent([]);
    return 'cancelled';
  }

  async read(ids: readonly string[]): Promise<(GroupRecord | undefined)[]> {
    return ids.map((id) => this.find(id)).map((group) => group && recordOf(group));
  }

  async page(after: GroupPlace | undefined, limit: number): Promise<{ places: GroupPlace[]; left: number }> {
    const all = [...this.groups.values()].map(({ id, at }) => ({ id, at })).sort(compare);
    const rest = after ? all.filter((place) => compare(place, after) > 0) : all;
    const places = rest.slice(0, limit);
    return { places, left: rest.length - places.length };
  }

  async times(ids: readonly string[]): Promise<GroupTimes[]> {
    return ids
      .map((id) => this.find(id))
      .map((group) => ({ filling: group?.unsealedUntil !== undefined, endedAt: group?.endedAt }));
  }

  async nodes(id: string, from: number, limit: number): Promise<{ nodes: NodeRecord[]; next: number | undefined }> {
    const group = this.find(id);
    const numbers = Array.from({ length: limit }, (_, at) => from + at);
    const nodes = numbers.flatMap((number) => group?.nodes.get(number) ?? []).map(nodeRecord);
    return { nodes, next: from + limit < (group?.nextNumber ?? 0) ? from + limit : undefined };
  }

  async waitingNode(id: string): Promise<Continuation | undefined> {
    return this.waiting(id)?.node.task;
  }

  /** Cancels a node that waits. Returns what it was; undefined for a task that does not wait in a flow. */
  cancelWaiting(id: string): Continuation | undefined {
    const { node } = this.waiting(id) ?? {};
    if (!node?.task) return undefined;
    const { task } = node;
    node.task = undefined;
    this.tasks.add(task.queue, task.message);
    this.tasks.cancel(id);
    this.left(task.message, 'cancelled');
    return task;
  }

  /** For a node that waits, one of those before it that can run, or holds all up; undefined for a task that waits for none. */
  before(id: string): string | undefined {
    const { group, node } = this.waiting(id) ?? {};
    return group && node && nextBefore(group.nodes, node).id;
  }

  /** A task has left; most are in no group. @param report of a dead one */
  left(message: string, how: MemberEnd, report?: string): void {
    this.ends.left(message, how, report);
  }

  /** A dead task is sent again. Returns whether it still is in its group, for one that was in any. */
  redriven(message: string): boolean {
    return groupTagOf(message) === undefined || this.ends.redriven(message);
  }

  /** Whether a task must not start, because its group was stopped. */
  isStopped(message: string): boolean {
    const group = this.find(groupTagOf(message)?.group ?? '');
    return group !== undefined && isOver(group);
  }

  /** Ends groups whose time is over. */
  tend(): void {
    for (const group of [...this.groups.values()]) this.ends.tend(group);
  }

  /** When the time of the next one is over, in ms since 1970. */
  get nextEnd(): number | undefined {
    const times = [...this.groups.values()].flatMap(({ endsAt, unsealedUntil }) => [endsAt, unsealedUntil]);
    const known = times.filter((time) => time !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }

  /** Forgets all. */
  clear(): void {
    this.groups.clear();
  }

  private find(id: string): MemoryGroup | undefined {
    const group = this.groups.get(id);
    if (group?.endedAt === undefined || group.endedAt > this.tasks.now - KEPT_MS) return group;
    this.groups.delete(id);
    return undefined;
  }

  private waiting(id: string): { readonly group: MemoryGroup; readonly node: MemoryNode } | undefined {
    for (const group of this.groups.values()) {
      for (const node of group.nodes.values()) if (node.id === id && node.state === 'waiting') return { group, node };
    }
    return undefined;
  }

  /** Its sender has shown that it is alive. */
  private isAlive(group: MemoryGroup): void {
    if (group.unsealedUntil !== undefined) group.unsealedUntil = this.tasks.now + UNSEALED_MS;
  }

  private timeOf(due: Due): number {
    return 'in' in due ? this.tasks.now + due.in : due.at;
  }
}

/** Those that wait were added after those for which they wait, so this ends. */
function nextBefore(nodes: MemoryGroup['nodes'], waiting: MemoryNode): MemoryNode {
  const before = [...nodes.values()].filter((node) => node.waiting.includes(waiting.number));
  const next = before.find(({ state }) => state === 'ready') ?? before.find(({ state }) => state === 'waiting');
  if (next?.state === 'waiting') return nextBefore(nodes, next);
  return next ?? waiting;
}

/** The latest first. */
function compare(a: GroupPlace, b: GroupPlace): number {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
