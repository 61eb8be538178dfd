import fc from 'fast-check';
import type { ClaimedTask, ClaimReply } from '../../src/broker/port/broker.js';
import { HeldTasks, type Return } from '../../src/worker/held-tasks.js';

/** One child and one queue in Redis, by the rules of the scripts. */
class RedisOfOneChild {
  readonly claims = new Map<string, ClaimedTask>();
  readonly queue: ClaimedTask[] = [];
  private last = 0;

  add(id: string, message = id): void {
    this.queue.push({ id, queue: 'default', message });
  }

  claim(number: number, limit: number, acks: readonly string[], recover: boolean): ClaimReply {
    if (number < this.last) throw new Error('STALE_CLAIM');
    const acked = acks.filter((id) => this.claims.delete(id)).length;
    const repeated = number === this.last || recover;
    this.last = number;
    const tasks = repeated ? [...this.claims.values()] : this.queue.splice(0, limit);
    for (const task of tasks) this.claims.set(task.id, task);
    return { tasks, repeated, acked, drain: false, more: this.queue.length > 0 };
  }

  ack(id: string): void {
    this.claims.delete(id);
  }

  /** To the tail, like retry.lua; not if its message has changed. */
  retry({ id, message }: ClaimedTask): void {
    if (this.claims.get(id)?.message !== message) return;
    this.claims.delete(id);
    this.add(id, message);
  }

  /** The oldest first, at the head, like release.lua. */
  release({ ids, claimNumber }: Return): void {
    if (claimNumber !== undefined && claimNumber !== this.last) return;
    for (const id of ids) {
      const task = this.claims.get(id);
      if (task) this.queue.unshift(task);
      this.claims.delete(id);
    }
  }
}

type Answer = 'arrives' | 'is lost' | 'is lost before Redis';

/** A child in which everything happens in the order that the test gives, with acks that are answered later. */
class Child {
  readonly held = new HeldTasks();
  readonly redis = new RedisOfOneChild();
  readonly running = new Map<string, ClaimedTask>();
  readonly finished = new Map<string, number>();
  readonly starts: string[] = [];
  private acks: string[] = [];
  private inFlight: { acks: string[]; answer: ClaimReply | undefined } | undefined;
  private ackAnswers: string[] = [];
  private retryAnswers: string[] = [];

  /** It waits for the answers to its releases. */
  sendClaim(limit: number, answer: Answer): void {
    if (this.inFlight || this.retryAnswers.length > 0) return;
    const acks = this.acks.splice(0);
    const recover = this.held.unanswered;
    const number = this.held.claim();
    const reply = answer === 'is lost before Redis' ? undefined : this.redis.claim(number, limit, acks, recover);
    this.inFlight = { acks, answer: answer === 'arrives' ? reply : undefined };
  }

  claimEnds(): void {
    if (!this.inFlight) return;
    const { acks, answer } = this.inFlight;
    this.inFlight = undefined;
    if (answer) this.held.answered(answer, acks);
    else {
      this.held.notAnswered();
      this.acks.push(...acks);
    }
    this.release(false);
  }

  start(): void {
    const task = this.held.first;
    if (!task) return;
    expect(this.running.has(task.id)).toBe(false);
    expect(this.redis.claims.has(task.id)).toBe(true);
    this.held.next();
    this.running.set(task.id, task);
    this.starts.push(task.id);
  }

  fail(): void {
    const [task] = this.running.values();
    if (!task) return;
    this.running.delete(task.id);
    this.redis.retry(task);
    this.retryAnswers.push(task.id);
  }

  /** On one connection, so not before the claim that was sent earlier. */
  retryAnswered(): void {
    const id = this.inFlight ? undefined : this.retryAnswers.shift();
    if (id === undefined) return;
    this.held.confirmed([id]);
    this.release(false);
  }

  finish(): void {
    const [id] = this.running.keys();
    if (id === undefined) return;
    this.running.delete(id);
    this.finished.set(id, (this.finished.get(id) ?? 0) + 1);
    this.acks.push(id);
  }

  /** Acks that no claim takes along. Their answer comes later. */
  flush(): void {
    for (const id of this.acks.splice(0)) {
      this.redis.ack(id);
      this.ackAnswers.push(id);
    }
  }

  ackAnswered(): void {
    const id = this.ackAnswers.shift();
    if (id === undefined) return;
    this.held.confirmed([id]);
    this.release(false);
  }

  giveUp(): void {
    this.held.giveUp();
    this.release(false);
  }

  /** Answers are awaited before the next claim, as in the loop. */
  release(isLast: boolean): void {
    for (let back = this.held.takeUnwanted(isLast); back; back = this.held.takeUnwanted(isLast)) {
      expect(this.held.claiming).toBe(false);
      expect(back.ids.filter((id) => this.running.has(id))).toEqual([]);
      this.redis.release(back);
      this.held.confirmed(back.ids);
    }
  }

  /** It has the answer to its last claim. */
  recover(): void {
    this.claimEnds();
    while (this.retryAnswers.length > 0) this.retryAnswered();
    this.sendClaim(1, 'arrives');
    this.claimEnds();
  }

  end(): void {
    while (this.inFlight) this.claimEnds();
    this.held.giveUp();
    while (this.running.size > 0) this.finish();
    this.flush();
    while (this.ackAnswers.length > 0) this.ackAnswered();
    while (this.retryAnswers.length > 0) this.retryAnswered();
    this.release(true);
  }
}

const answer = fc.constantFrom<Answer>('arrives', 'arrives', 'is lost', 'is lost before Redis');
const step = fc.oneof(
  fc.record({ kind: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 4 }), answer }),
  fc.record({ kind: fc.constantFrom('add', 'claimEnds', 'start', 'finish', 'flush', 'ackAnswered', 'giveUp') }),
);
const failure = fc.record({ kind: fc.constantFrom('addAgain', 'fail', 'retryAnswered') });

/** A child after some steps, and the tasks that were added. */
function lived(steps: readonly { kind: string; limit?: number; answer?: Answer }[]): { child: Child; added: string[] } {
  const child = new Child();
  const added: string[] = [];
  for (const { kind, limit, answer } of steps) {
    if (kind === 'add') child.redis.add(added[added.push(`task-${added.length + 1}`) - 1] as string);
    else if (kind === 'addAgain') for (const id of added.slice(-1)) child.redis.add(id, `${id} again`);
    else if (limit && answer) child.sendClaim(limit, answer);
    else (child[kind as 'start'] as () => void).call(child);
  }
  child.end();
  return { child, added };
}

it('every task runs once and no child holds it at the end, with any loss of answers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const { child, added } = lived(steps);
      expect(child.held.size).toBe(0);
      expect(new Set(child.starts).size).toBe(child.starts.length);
      const there = [...child.finished.keys(), ...child.redis.queue.map(({ id }) => id), ...child.redis.claims.keys()];
      expect(there.sort()).toEqual(added.sort());
    }),
    { numRuns: 1_000 },
  );
});

it('no task is lost or stays among the claims when some fail and ids come twice, with any loss of answers', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(step, failure), { maxLength: 80, size: 'max' }), (steps) => {
      const { child, added } = lived([...steps, { kind: 'recover' }]);
      expect(child.held.size).toBe(0);
      expect([...child.redis.claims.keys()]).toEqual([]);
      const there = new Set([...child.finished.keys(), ...child.redis.queue.map(({ id }) => id)]);
      expect([...there].sort()).toEqual(added.sort());
    }),
    { numRuns: 2_000 },
  );
});

describe('a claim whose answer was lost', () => {
  it('delays releases until a later claim is answered', () => {
    const held = new HeldTasks();
    held.claim();
    held.answered({ repeated: false, tasks: [{ id: 'a', queue: 'default', message: 'a' }] }, []);
    held.claim();
    held.giveUp();
    expect(held.takeUnwanted(false)).toBeUndefined();
    held.notAnswered();
    expect(held.takeUnwanted(false)).toBeUndefined();
    const number = held.claim();
    held.answered({ repeated: true, tasks: [] }, []);
    expect(held.takeUnwanted(false)).toEqual({ ids: ['a'], claimNumber: number });
  });

  it('does not delay the releases of a child that claims no more', () => {
    const held = new HeldTasks();
    held.claim();
    held.notAnswered();
    held.giveBack(['a']);
    expect(held.takeUnwanted(true)).toEqual({ ids: ['a'], claimNumber: undefined });
  });
});

describe('a task whose id arrives again', () => {
  const task = { id: 'a', queue: 'default', message: 'a' };
  let held: HeldTasks;
  beforeEach(() => {
    held = new HeldTasks();
    held.claim();
    held.answered({ repeated: false, tasks: [task] }, []);
    held.next();
  });

  it('with the claim that acks it waits for its start', () => {
    held.claim();
    held.answered({ repeated: false, tasks: [task] }, ['a']);
    expect(held).toMatchObject({ size: 1, unstarted: 1 });
  });

  it('in a late answer that Redis wrote before its ack does not start again', () => {
    held.claim();
    held.confirmed(['a']);
    held.answered({ repeated: true, tasks: [task] }, []);
    expect(held).toMatchObject({ size: 0, unstarted: 0 });
  });

  it('by a claim that was under way when its ack was answered waits for its start', () => {
    held.claim();
    held.confirmed(['a']);
    held.answered({ repeated: false, tasks: [task] }, []);
    expect(held).toMatchObject({ size: 1, unstarted: 1 });
  });

  it('by a claim whose answer was lost, after its own end, waits for its start', () => {
    held.claim();
    held.confirmed(['a']);
    held.answered({ repeated: false, tasks: [] }, []);
    held.claim();
    held.notAnswered();
    held.claim();
    held.answered({ repeated: true, tasks: [task] }, []);
    expect(held).toMatchObject({ size: 1, unstarted: 1 });
  });
});

it('an unwanted task is released once, and does not wait for its start any longer', () => {
  const held = new HeldTasks();
  held.claim();
  held.answered({ repeated: false, tasks: [{ id: 'a', queue: 'default', message: 'a' }] }, []);
  expect(held.giveUp()).toBe(1);
  expect(held.takeUnwanted(false)?.ids).toEqual(['a']);
  expect(held.takeUnwanted(false)).toBeUndefined();
  expect(held.first).toBeUndefined();
});
