import type { SessionDescription, Settlement, Verdict } from '../../broker/broker.js';
import { idOf } from '../../task/task-message.js';
import type { Held, MemorySession, MemoryStore } from './memory-store.js';
import { isForeign, remembered, withCrash, withFailure, withSuspicion } from './message-edits.js';
import { leaseLost } from './refusals.js';

const MOST_OVERDUE = 100;

/** The leases of supervisors, their children, and what becomes of the claims of those that are gone. */
export class MemorySessions {
  /** when a supervisor last renewed a lease or looked for overdue ones, in ms since 1970 */
  pulse: number | undefined;

  constructor(private readonly store: MemoryStore) {}

  open(description: SessionDescription): void {
    this.forgiveAfterGap(description.leaseMs);
    const { session, leaseMs, catalog } = description;
    for (const { cron: _, ...entry } of catalog) this.store.catalog.set(entry.name, entry);
    const children = this.store.sessions.get(session)?.children ?? new Map<string, number>();
    this.store.sessions.set(session, { description, deadline: this.store.now + leaseMs, children });
  }

  register(session: string, child: string): boolean {
    const children = this.store.sessions.get(session)?.children;
    if (children && !children.has(child)) children.set(child, 0);
    return children !== undefined;
  }

  renew(session: string, leaseMs: number): boolean {
    this.forgiveAfterGap(leaseMs);
    const found = this.store.sessions.get(session);
    if (found) found.deadline = this.store.now + leaseMs;
    return found !== undefined;
  }

  close(session: string): boolean {
    if ((this.store.sessions.get(session)?.children.size ?? 0) > 0) return false;
    this.store.sessions.delete(session);
    return true;
  }

  overdue(leaseMs: number): { sessions: string[]; nextInMs: number | undefined } {
    this.forgiveAfterGap(leaseMs);
    const { now } = this.store;
    const all = [...this.store.sessions].sort(([, a], [, b]) => a.deadline - b.deadline);
    const sessions = all.filter(([, { deadline }]) => deadline <= now).map(([session]) => session);
    const next = all.find(([, { deadline }]) => deadline > now)?.[1].deadline;
    return { sessions: sessions.slice(0, MOST_OVERDUE), nextInMs: next === undefined ? undefined : next - now };
  }

  reap(session: string, leaseMs: number): number | undefined {
    this.forgiveAfterGap(leaseMs);
    const found = this.store.sessions.get(session);
    if (!found || found.deadline > this.store.now) return undefined;
    const children = [...found.children.keys()];
    const held = children.flatMap((child) => [...this.store.heldBy(child).values()]);
    const tasks = this.withoutStrays(held, found.description.queues);
    this.store.putBack(tasks);
    for (const child of children) this.store.claims.delete(child);
    this.store.sessions.delete(session);
    return tasks.length;
  }

  holdings(session: string, child: string): { claimNumber: number; ids: string[] } {
    const claimNumber = this.store.sessions.get(session)?.children.get(child) ?? 0;
    return { claimNumber, ids: [...this.store.heldBy(child).keys()] };
  }

  isRegistered(session: string, child: string): boolean {
    return this.store.sessions.get(session)?.children.has(child) ?? false;
  }

  /** The registered children of a session. @throws NestworkError LEASE_LOST when the child is not among them */
  childrenWith(session: string, child: string): Map<string, number> {
    const children = this.store.sessions.get(session)?.children;
    if (!children?.has(child)) throw leaseLost();
    return children;
  }

  /** Sessions whose lease runs. */
  alive(): MemorySession[] {
    return [...this.store.sessions.values()].filter(({ deadline }) => deadline > this.store.now);
  }

  /** active -> pending, suspect, scheduled, dead or done: ends the registration of a child whose process has ended. */
  settle(session: string, child: string, queues: readonly string[], verdict: Verdict): Settlement {
    const children = this.childrenWith(session, child);
    const held = this.store.heldBy(child);
    for (const id of verdict.done) {
      this.store.freeKey(held.get(id)?.message ?? '');
      held.delete(id);
    }
    const tasks = new Map(this.withoutStrays([...held.values()], queues).map((task) => [idOf(task.message), task]));
    for (const [id, { message }] of tasks) if (this.store.endIfCancelled(message)) tasks.delete(id);
    const late = this.endLate(tasks, verdict);
    const { back, ...guilty } = this.blame(tasks, verdict);
    this.store.putBack([...back, ...tasks.values()]);
    this.store.claims.delete(child);
    children.delete(child);
    return { released: tasks.size, ...guilty, dead: guilty.dead + late.dead, timedOut: late.timedOut };
  }

  /** Buries what is of a queue that the worker does not serve. */
  private withoutStrays(held: readonly Held[], queues: readonly string[]): Held[] {
    return held.filter((task) => {
      if (queues.includes(task.queue)) return true;
      this.store.buryStray(queues[0] ?? '', task);
      return false;
    });
  }

  /** What ran out of time counts a failure, and runs again after its delay or is dead. */
  private endLate(tasks: Map<string, Held>, { timedOut: told }: Verdict): { dead: number; timedOut: number } {
    let dead = 0;
    let timedOut = 0;
    for (const { id, retryInMs, line, report } of told) {
      this.take(tasks, id, (task) => {
        if (retryInMs < 0) {
          this.store.bury({ ...task, message: remembered(withFailure(task.message), line) }, report);
          dead += 1;
        } else {
          this.store.tryAgain(task, { inMs: retryInMs, line, counts: true });
          timedOut += 1;
        }
      });
    }
    return { dead, timedOut };
  }

  /** One alone is guilty, and dead when it was so too often; of several each is only a suspect. */
  private blame(
    tasks: Map<string, Held>,
    { blamed: ids, line, maxCrashes, report }: Verdict,
  ): { back: Held[]; crashed: number; suspected: number; dead: number } {
    const blamed: Held[] = [];
    for (const id of ids) this.take(tasks, id, (task) => blamed.push(task));
    const [culprit] = blamed;
    if (!culprit || blamed.length > 1) {
      const back = blamed.map((task) => this.changed(task, remembered(withSuspicion(task.message), line)));
      return { back, crashed: 0, suspected: back.length, dead: 0 };
    }
    const { message, count } = withCrash(culprit.message);
    if (count < maxCrashes) {
      return { back: [this.changed(culprit, remembered(message, line))], crashed: 1, suspected: 0, dead: 0 };
    }
    this.store.bury({ ...culprit, message: remembered(message, line) }, report);
    return { back: [], crashed: 0, suspected: 0, dead: 1 };
  }

  /** Takes a task out, once. Foreign bytes have no counters, so they are nobody's fault. */
  private take(tasks: Map<string, Held>, id: string, act: (task: Held) => void): void {
    const task = tasks.get(id);
    if (!task || isForeign(task.message)) return;
    tasks.delete(id);
    act(task);
  }

  private changed(task: Held, message: string): Held {
    this.store.updateKey(task.queue, message);
    return { ...task, message };
  }

  /** If nobody was there for long, missing renewals prove nothing. A session id ends in its lease in ms. */
  private forgiveAfterGap(leaseMs: number): void {
    const { now } = this.store;
    const last = this.pulse ?? now;
    this.pulse = now;
    if (Math.abs(now - last) <= leaseMs / 3) return;
    for (const [session, found] of this.store.sessions) {
      found.deadline = now + (Number(/\d+$/.exec(session)?.[0]) || leaseMs);
    }
  }
}
