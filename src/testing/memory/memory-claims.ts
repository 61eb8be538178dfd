import { createHash } from 'node:crypto';
import type {
  BuriedTask,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  Retry,
} from '../../broker/broker.js';
import { HEADER_LENGTH, idOf } from '../../task/task-message.js';
import type { MemorySessions } from './memory-sessions.js';
import type { Held, MemoryStore } from './memory-store.js';
import { failuresIn, isForeign, keyOf, remembered, withFailure } from './message-edits.js';
import { refused } from './refusals.js';

const MOST_CLAIMED = 1_000;
/** How long a child may keep others from a suspect before it comes back for it, in ms. */
const DRAIN_MS = 5_000;

/** pending -> active -> wherever a claim ends, by a registered child that holds the task. */
export class MemoryClaims {
  /** the child that takes no more until it holds nothing, for the sake of a suspect */
  drainer: { readonly child: string; readonly until: number } | undefined;

  constructor(
    private readonly store: MemoryStore,
    private readonly sessions: MemorySessions,
  ) {}

  claim(claimant: Claimant, { number, limit, acks, recover }: ClaimRequest): ClaimReply {
    const { store } = this;
    const { child, queues } = claimant;
    const children = this.childrenOf(claimant, acks.length);
    const last = children.get(child) ?? 0;
    if (number < last) throw refused('STALE_CLAIM a later claim of this child was answered');
    const held = store.heldBy(child);
    const acked = acks.filter((id) => held.delete(id)).length;
    children.set(child, number);
    if (recover || number === last)
      return { repeated: true, acked, drain: false, more: false, tasks: [...held].map(toTask) };
    store.staleAcks += acks.length - acked;
    const { granted, drain } = this.grant(claimant, Math.min(limit, MOST_CLAIMED), number);
    for (const { id, ...task } of granted) held.set(id, task);
    const waiting = queues.filter((name) => store.queue(name).pending.length + store.queue(name).suspects.length > 0);
    for (const name of waiting) store.tokens.ring(name);
    return { repeated: false, acked, drain, more: waiting.length > 0, tasks: granted };
  }

  /** Claims one task that is pending, wherever it stands. Returns undefined when it is not. */
  claimOne({ child }: Claimant, id: string): ClaimedTask | undefined {
    for (const queue of this.store.queues.values()) {
      const message = [...queue.pending, ...queue.suspects].find((other) => idOf(other) === id);
      if (message === undefined || !queue.withdraw(message)) continue;
      const task = this.taken(queue.name, message, child);
      this.store.heldBy(child).set(id, task);
      return task;
    }
    return undefined;
  }

  ack(claimant: Claimant, ids: readonly string[]): number {
    this.childrenOf(claimant, ids.length);
    const held = this.store.heldBy(claimant.child);
    return ids.filter((id) => {
      this.store.freeKey(held.get(id)?.message ?? '');
      return held.delete(id);
    }).length;
  }

  release(claimant: Claimant, ids: readonly string[], claimNumber?: number): number {
    const last = this.childrenOf(claimant).get(claimant.child);
    if (claimNumber !== undefined && claimNumber !== last) return 0;
    const held = this.store.heldBy(claimant.child);
    const asked = [...new Set(ids)].flatMap((id) => held.get(id) ?? []);
    const tasks = asked.filter(({ queue }) => claimant.queues.includes(queue));
    for (const { message } of tasks) held.delete(idOf(message));
    this.store.putBack(tasks);
    return tasks.length;
  }

  retry(claimant: Claimant, { id, queue }: Pick<ClaimedTask, 'id' | 'queue'>, { failures, ...next }: Retry): boolean {
    this.childrenOf(claimant);
    const held = this.store.heldBy(claimant.child);
    const task = held.get(id);
    // a copy of this command that arrives late finds the attempt counted
    if (!task || failuresIn(task.message) !== failures.toString(36).padStart(2, '0')) return false;
    held.delete(id);
    if (!this.store.endIfCancelled(task.message)) this.store.tryAgain({ queue, message: task.message }, next);
    return true;
  }

  bury(claimant: Claimant, { id, queue, message = '' }: BuriedTask, report: DeathReport, line = ''): boolean {
    this.childrenOf(claimant);
    const held = this.store.heldBy(claimant.child);
    const task = held.get(id);
    const header = message.slice(21, HEADER_LENGTH);
    // somebody may have sent the task again, and the same child may hold it
    const outdated = /^[0-9a-z]+$/.test(header) && task?.message.slice(21, HEADER_LENGTH) !== header;
    if (!task || outdated) return false;
    held.delete(id);
    if (this.store.endIfCancelled(task.message)) return true;
    const last = line === '' ? task.message : remembered(withFailure(task.message), line);
    this.store.bury({ queue, message: last }, JSON.stringify(report));
    return true;
  }

  /** @param acks how many acks come to nothing when the child is registered no more */
  private childrenOf({ session, child }: Claimant, acks = 0): Map<string, number> {
    if (!this.sessions.isRegistered(session, child)) this.store.staleAcks += acks;
    return this.sessions.childrenWith(session, child);
  }

  /** What a claim takes: over the queues in their order, a suspect alone or not at all. */
  private grant(
    { child, queues }: Claimant,
    limit: number,
    number: number,
  ): { granted: ClaimedTask[]; drain: boolean } {
    const holds = this.store.heldBy(child).size;
    const granted: ClaimedTask[] = [];
    const grant = (name: string, message: string): void => {
      granted.push(this.taken(name, message, `${child} ${number} ${granted.length}`));
    };
    for (const name of queues) {
      const queue = this.store.queue(name);
      if (limit > 0 && granted.length === 0 && queue.suspects.length > 0) {
        if (holds === 0) {
          grant(name, queue.suspects.shift() ?? '');
          return { granted, drain: false };
        }
        if (this.mayDrain(child)) return { granted, drain: true };
      }
      for (const message of queue.pending.splice(0, limit - granted.length)) grant(name, message);
    }
    return { granted, drain: false };
  }

  /** Foreign bytes are kept whole behind an id made up for them and for the claim. */
  private taken(queue: string, message: string, claim: string): ClaimedTask {
    let whole = message;
    if (!isForeign(message) && (message.length < HEADER_LENGTH || !/^[0-9a-z]{20}/.test(message))) {
      const digest = createHash('sha1').update(`${claim} ${message}`).digest('hex');
      whole = `undecodable${digest.slice(0, 9)}?${message}`;
    }
    if (keyOf(whole)?.until === 'started') this.store.freeKey(whole);
    return { id: idOf(whole), queue, message: whole };
  }

  /** Were every child to drain, one suspect would stop them all. */
  private mayDrain(child: string): boolean {
    const { now } = this.store;
    if (this.drainer && this.drainer.until > now && this.drainer.child !== child) return false;
    this.drainer = { child, until: now + DRAIN_MS };
    return true;
  }
}

function toTask([id, { queue, message }]: [string, Held]): ClaimedTask {
  return { id, queue, message };
}
