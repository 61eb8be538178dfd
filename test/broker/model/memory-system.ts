import type {
  Claimant,
  ClaimedTask,
  Death,
  Due,
  KeyHolder,
  Redrive,
  Retry,
  Settlement,
  UniqueOptions,
  Verdict,
} from '../../../src/broker/broker.js';
import { MemoryBroker } from '../../../src/testing/memory/memory-broker.js';
import { VirtualClock } from '../../../src/testing/memory/virtual-clock.js';
import { QUEUES } from './choices.js';
import { atForetoldTime, withForetoldTime } from './messages.js';
import { HOUR_MS, hoursLeft, type State, type SystemUnderTest } from './system.js';

const BEGAN_AT = Date.UTC(2026, 0, 1);
const ALARM = '(alarm)';

/** The broker in memory, under a clock that stands still, with the means to bring misfortune on it. */
export class MemorySystem extends MemoryBroker implements SystemUnderTest {
  private constructor(private readonly clock: VirtualClock) {
    super(clock, QUEUES);
  }

  static start(): MemorySystem {
    return new MemorySystem(new VirtualClock(BEGAN_AT));
  }

  async stop(): Promise<void> {
    await this.close();
  }

  /** All that it keeps is in the state that is compared. */
  async checkInvariants(): Promise<void> {}

  override async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.atForetoldTimes(() => super.enqueue(queue, messages, due && since(due)));
  }

  override enqueueUnique(queue: string, message: string, { due, replace }: UniqueOptions): Promise<KeyHolder> {
    return this.atForetoldTimes(() => super.enqueueUnique(queue, message, { due: due && since(due), replace }));
  }

  override retry(claimant: Claimant, task: Pick<ClaimedTask, 'id' | 'queue'>, retry: Retry): Promise<boolean> {
    return this.atForetoldTimes(() => super.retry(claimant, task, retry));
  }

  override settle(claimant: Claimant, verdict: Verdict): Promise<Settlement> {
    return this.atForetoldTimes(() => super.settle(claimant, verdict));
  }

  override waitForBell(queues: readonly string[]): Promise<boolean> {
    return this.atOnce(super.waitForBell(queues, 0));
  }

  override waitForAlarm(): Promise<boolean> {
    return this.atOnce(super.waitForAlarm(0));
  }

  async redriveDead(queue: string, ids: readonly string[], stale: boolean): Promise<Redrive[]> {
    const answers = await this.deadLetters.redrive(queue, this.deaths(queue, ids, stale));
    this.rewrite(atForetoldTime);
    return answers;
  }

  async deleteDead(queue: string, ids: readonly string[], stale: boolean): Promise<number> {
    return this.deadLetters.remove(queue, this.deaths(queue, ids, stale));
  }

  async letTimePass(hours: number): Promise<void> {
    for (const { scheduled } of this.store.queues.values()) {
      for (const [index, { due, message }] of scheduled.entries()) {
        scheduled[index] = { due: due - hours * HOUR_MS, message };
      }
    }
  }

  async expireLease(session: string): Promise<void> {
    const found = this.store.sessions.get(session);
    if (!found) return;
    found.deadline = this.clock.now() - 1;
    this.sessions.pulse = this.clock.now();
  }

  async missPulse(gapMs: number): Promise<void> {
    this.sessions.pulse = this.clock.now() - gapMs;
  }

  async forgetDrainer(): Promise<void> {
    this.claims.drainer = undefined;
  }

  async flushScripts(): Promise<void> {}

  async pushForeign(name: string, bytes: string): Promise<void> {
    this.store.queue(name).pending.push(bytes);
    this.store.tokens.ring(name);
  }

  async state(): Promise<State> {
    const { queues, unique, catalog, sessions, claims, staleAcks, tokens } = this.store;
    const state: State = { alarm: tokens.rings(ALARM) ? ['1'] : [] };
    for (const [name, { pending, suspects, scheduled, dead }] of queues) {
      state[`queue:${name}`] = [...pending];
      state[`suspects:${name}`] = [...suspects];
      const due = scheduled.map((entry) => [entry.message, (entry.due - BEGAN_AT) / HOUR_MS] as const);
      state[`scheduled:${name}`] = Object.fromEntries(due);
      state[`bell:${name}`] = tokens.rings(name) ? ['1'] : [];
      state[`dead:${name}`] = [...dead.keys()].sort();
      state[`dead-records:${name}`] = Object.fromEntries([...dead].map(([id, { record }]) => [id, record]));
    }
    state.unique = Object.fromEntries([...unique].map(([digest, task]) => [digest, `${task.queue} ${task.message}`]));
    state.catalog = Object.fromEntries([...catalog].map(([name, entry]) => [name, JSON.stringify(entry)]));
    state.stats = staleAcks > 0 ? { 'stale-acks': `${staleAcks}` } : {};
    const left = [...sessions].map(([name, { deadline }]) => [name, hoursLeft(deadline - this.clock.now())] as const);
    state.sessions = Object.fromEntries(left);
    for (const [name, { description, children }] of sessions) {
      const described = {
        '@queues': description.queues.join(' '),
        '@host': description.host,
        '@pid': `${description.pid}`,
      };
      const numbers = [...children].map(([child, number]) => [child, `${number}`] as const);
      state[`session:${name}`] = { ...described, ...Object.fromEntries(numbers) };
    }
    for (const [child, held] of claims) {
      const tasks = [...held].map(([id, { queue, message }]) => [id, `${queue} ${message}`] as const);
      state[`claims:${child}`] = Object.fromEntries(tasks);
    }
    if (this.claims.drainer) state.drain = this.claims.drainer.child;
    return Object.fromEntries(Object.entries(state).filter(([, value]) => Object.keys(value as object).length > 0));
  }

  private async atForetoldTimes<T>(run: () => Promise<T>): Promise<T> {
    const answer = await run();
    this.rewrite(withForetoldTime);
    return answer;
  }

  /** What the clock wrote into messages becomes what the model can foretell. */
  private rewrite(foretold: (message: string) => string): void {
    for (const queue of this.store.queues.values()) {
      queue.pending = queue.pending.map(foretold);
      queue.suspects = queue.suspects.map(foretold);
      for (const [index, { due, message }] of queue.scheduled.entries()) {
        queue.scheduled[index] = { due, message: foretold(message) };
      }
    }
    for (const [digest, { queue, message }] of this.store.unique) {
      this.store.unique.set(digest, { queue, message: foretold(message) });
    }
  }

  /** What rings does so already. */
  private atOnce(waiting: Promise<boolean>): Promise<boolean> {
    this.clock.moveTo(this.clock.now());
    return waiting;
  }

  /** Their deaths in this queue; stale ones a moment too early. */
  private deaths(queue: string, ids: readonly string[], stale: boolean): Death[] {
    return ids.map((id) => {
      const diedAt = this.store.queue(queue).dead.get(id)?.diedAt ?? 1;
      return { id, diedAt: stale ? diedAt - 1 : diedAt };
    });
  }
}

function since(due: Due): Due {
  return 'in' in due ? due : { at: BEGAN_AT + due.at };
}
