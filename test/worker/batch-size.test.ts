import { BatchSize, MAX_BATCH } from '../../src/worker/batch-size.js';

/** A size that has seen this duration often, and claimed as often. */
function experienced(durationMs: number, { concurrency = 1, times = 20 } = {}): BatchSize {
  const size = new BatchSize(concurrency);
  for (let time = 0; time < times; time += 1) {
    size.learn('Some.task', durationMs);
    const limit = size.next(concurrency);
    size.claimed(limit, true);
  }
  return size;
}

describe('the number of tasks to claim', () => {
  it('equals the number of free slots as long as no duration is known', () => {
    const size = new BatchSize(4);
    expect([4, 1, 3].map((free) => size.next(free))).toEqual([4, 1, 3]);
  });

  it.each([
    [100, 1],
    [10.1, 1],
    [10, 1],
    [5, 2],
    [1, 10],
    [0.01, MAX_BATCH],
    [0, MAX_BATCH],
  ])('for tasks of %d ms, settles at the number that starts within 10 ms: %i', (durationMs, batch) => {
    expect(experienced(durationMs).next(1)).toBe(batch);
  });

  it('is at least the number of free slots, and grows with it', () => {
    expect(experienced(1_000, { concurrency: 8 }).next(8)).toBe(8);
    expect(experienced(5, { concurrency: 8 }).next(8)).toBe(16);
  });

  it('does not exceed the limit of one script', () => {
    expect(experienced(0.001, { concurrency: 100 }).next(100)).toBe(MAX_BATCH);
  });

  it('grows step by step', () => {
    const size = new BatchSize(1);
    size.learn('Some.task', 0.01);
    const limits = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      const limit = size.next(1);
      size.claimed(limit, true);
      return limit;
    });
    expect(limits).toEqual([2, 4, 8, 16, 32, 64, 128, 128]);
  });

  it('falls at once when a task takes long, and recovers slowly', () => {
    const size = experienced(0.1);
    size.learn('Other.task', 50);
    expect(size.next(1)).toBe(1);
    size.learn('Some.task', 0.1);
    expect(size.next(1)).toBe(1);
    size.claimed(1, true);
    for (let time = 0; time < 50; time += 1) size.learn('Some.task', 0.1);
    expect(size.next(1)).toBe(2);
  });
});

describe('the number of tasks to claim while all slots are busy', () => {
  it('is positive for short tasks as long as less than a batch waits', () => {
    const size = experienced(0.01);
    expect([0, 1, 64, 128, 129].map((waiting) => size.next(0, waiting))).toEqual([128, 128, 128, 128, 0]);
  });

  it('covers only tasks that start in time, including those that wait', () => {
    const size = experienced(1);
    expect([0, 3, 5, 6].map((waiting) => size.next(0, waiting))).toEqual([10, 7, 5, 0]);
  });

  it.each([
    [11, 1],
    [1_000, 1],
    [101, 10],
  ])('is zero for tasks of %d ms', (durationMs, concurrency) => {
    expect(experienced(durationMs, { concurrency }).next(0, 0)).toBe(0);
  });

  it('is zero when the last claim emptied the queues', () => {
    const size = experienced(0.01);
    size.claimed(64, false);
    expect(size.next(0, 0)).toBe(0);
    expect(size.next(1, 0)).toBe(MAX_BATCH);
  });

  it('is zero before the first duration is known, and while the waiting tasks will fill a slot', () => {
    const fresh = new BatchSize(1);
    fresh.claimed(1, true);
    expect(fresh.next(0, 0)).toBe(0);
    expect(experienced(0.01, { concurrency: 4 }).next(2, 3)).toBe(0);
  });
});

describe('a task', () => {
  it('may block before one of its name has run', () => {
    expect(new BatchSize(1).mayBlock('Some.task')).toBe(true);
  });

  it('may block when tasks of its name take long, even if others are short', () => {
    const size = experienced(0.1);
    size.learn('Slow.task', 20);
    expect(size.mayBlock('Some.task')).toBe(false);
    expect(size.mayBlock('Slow.task')).toBe(true);
    expect(size.mayBlock('constructor')).toBe(true);
  });

  it('may not block any more after many short runs of tasks of its name', () => {
    const size = experienced(0.1);
    size.learn('Some.task', 20);
    expect(size.mayBlock('Some.task')).toBe(true);
    for (let time = 0; time < 20; time += 1) size.learn('Some.task', 0.1);
    expect(size.mayBlock('Some.task')).toBe(false);
  });
});
