import { ChildTarget, type Look, type Resize } from '../../../src/supervisor/scaling/child-target.js';

const LOOK_MS = 2_000;
const LIMITS = { min: 1, max: 8, shrinkAfterMs: 60_000 };

/** A worker that has as many children as were decided, looked at every 2 s. */
class Worker {
  cramped = 0;
  readonly sizes: number[] = [];
  private nowMs = 0;
  private children: number;
  private readonly target: ChildTarget;

  constructor({ concurrency = 1, ...limits }: Partial<typeof LIMITS & { concurrency: number }> = {}) {
    const all = { ...LIMITS, ...limits };
    this.children = all.min;
    this.target = new ChildTarget(all, concurrency, () => {
      this.cramped += 1;
    });
  }

  /** Looks so often, and collects the sizes that are decided. */
  look(times: number, seen: Partial<Look>): Resize | undefined {
    let last: Resize | undefined;
    for (let look = 0; look < times; look += 1) {
      this.nowMs += LOOK_MS;
      const { nowMs, children: working } = this;
      const usual = { waiting: 0, active: working, working, room: Number.POSITIVE_INFINITY };
      last = this.target.look({ nowMs, ...usual, ...seen });
      if (!last) continue;
      this.children = last.children;
      this.sizes.push(last.children);
    }
    return last;
  }

  crash(): void {
    this.target.crashed(this.nowMs);
  }
}

describe('a worker grows', () => {
  it('when two looks in a row find tasks beyond its free slots, and doubles up to its most', () => {
    const worker = new Worker({ max: 6 });
    expect(worker.look(1, { waiting: 100 })).toBeUndefined();
    expect(worker.look(1, { waiting: 100 })).toEqual({
      from: 1,
      children: 2,
      reason: '100 tasks wait, and 1 is active',
    });
    worker.look(20, { waiting: 100 });
    expect(worker.sizes).toEqual([2, 4, 6]);
  });

  it('by as many children as the smaller of two backlogs needs', () => {
    const worker = new Worker({ min: 4, max: 100, concurrency: 10 });
    worker.look(1, { waiting: 500, active: 40 });
    worker.look(1, { waiting: 11, active: 40 });
    expect(worker.sizes).toEqual([6]);
  });

  it('not for tasks that fit into its free slots, nor for a backlog that the next look does not find', () => {
    const worker = new Worker({ concurrency: 10 });
    worker.look(5, { waiting: 6, active: 4 });
    for (let time = 0; time < 5; time += 1) {
      worker.look(1, { waiting: 100 });
      worker.look(1, { waiting: 0 });
    }
    expect(worker.sizes).toEqual([]);
  });

  it('not while a child of it boots or is awaited', () => {
    const worker = new Worker({ min: 2 });
    worker.look(50, { waiting: 100, working: 1 });
    expect(worker.sizes).toEqual([]);
    worker.look(2, { waiting: 100 });
    expect(worker.sizes).toEqual([4]);
  });

  it('not within 10 s after the end of a child that nobody asked to end', () => {
    const worker = new Worker();
    for (let crash = 0; crash < 20; crash += 1) {
      worker.crash();
      worker.look(4, { waiting: 100 });
    }
    expect(worker.sizes).toEqual([]);
    worker.look(2, { waiting: 100 });
    expect(worker.sizes).toEqual([2]);
  });

  it('by no more children than there is memory for, and reports once that there is none', () => {
    const worker = new Worker({ min: 4 });
    worker.look(20, { waiting: 100, room: 0.9 });
    expect(worker).toMatchObject({ sizes: [], cramped: 1 });
    worker.look(2, { waiting: 100, room: 1.5 });
    expect(worker.sizes).toEqual([5]);
    worker.look(20, { waiting: 100, room: -1 });
    expect(worker.cramped).toBe(2);
  });
});

describe('a worker shrinks', () => {
  const grown = (): Worker => {
    const worker = new Worker();
    worker.look(6, { waiting: 100 });
    worker.sizes.splice(0);
    return worker;
  };

  it('when fewer children were enough for the whole time, to the most that were needed in it', () => {
    const worker = grown();
    worker.look(10, { active: 3 });
    worker.look(1, { active: 5 });
    worker.look(19, { active: 0 });
    expect(worker.sizes).toEqual([]);
    expect(worker.look(1, { active: 0 })).toEqual({ from: 8, children: 5, reason: '5 were enough for 60 s' });
    worker.look(31, { active: 0 });
    expect(worker.sizes).toEqual([5, 1]);
  });

  it('never below its fewest', () => {
    const worker = new Worker({ min: 3 });
    worker.look(100, { active: 0 });
    expect(worker.sizes).toEqual([]);
  });

  it('not when all children were needed once in the meantime', () => {
    const worker = grown();
    for (let minute = 0; minute < 10; minute += 1) {
      worker.look(29, { active: 1 });
      worker.look(1, { active: 8 });
    }
    expect(worker.sizes).toEqual([]);
  });

  it('also while its children crash', () => {
    const worker = grown();
    for (let time = 0; time < 31; time += 1) {
      worker.crash();
      worker.look(1, { active: 0, working: 0 });
    }
    expect(worker.sizes).toEqual([1]);
  });
});

it('a load that swings faster than the time to shrink changes nothing once the worker is large enough', () => {
  const worker = new Worker();
  for (let swing = 0; swing < 50; swing += 1) {
    worker.look(8, { waiting: 20, active: 1 });
    worker.look(20, { active: 0 });
  }
  expect(worker.sizes).toEqual([2, 4, 8]);
});
