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
  it('is that of the free slots as long as no duration is known', () => {
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
  ])('settles, for tasks of %d ms, at what starts within 10 ms: %i', (durationMs, batch) => {
    expect(experienced(durationMs).next(1)).toBe(batch);
  });

  it('is never under the free slots, and counts them all', () => {
    expect(experienced(1_000, { concurrency: 8 }).next(8)).toBe(8);
    expect(experienced(5, { concurrency: 8 }).next(8)).toBe(16);
  });

  it('is never over what one script may carry', () => {
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

  it('shrinks at once when a task takes long, and recovers slowly', () => {
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

describe('ahead of need, while all slots are busy', () => {
  it('short tasks are claimed as long as a batch is not at hand yet', () => {
    const size = experienced(0.01);
    expect([0, 1, 64, 128, 129].map((waiting) => size.next(0, waiting))).toEqual([128, 128, 128, 128, 0]);
  });

  it('no more than start in time, with those that wait', () => {
    const size = experienced(1);
    expect([0, 3, 5, 6].map((waiting) => size.next(0, waiting))).toEqual([10, 7, 5, 0]);
  });

  it.each([
    [11, 1],
    [1_000, 1],
    [101, 10],
  ])('nothing, where tasks take %d ms', (durationMs, concurrency) => {
    expect(experienced(durationMs, { concurrency }).next(0, 0)).toBe(0);
  });

  it('nothing, where the queues held no more after the last claim', () => {
    const size = experienced(0.01);
    size.claimed(64, false);
    expect(size.next(0, 0)).toBe(0);
    expect(size.next(1, 0)).toBe(MAX_BATCH);
  });

  it('nothing before the first durations are known, and nothing while a slot is about to be filled', () => {
    const fresh = new BatchSize(1);
    fresh.claimed(1, true);
    expect(fresh.next(0, 0)).toBe(0);
    expect(experienced(0.01, { concurrency: 4 }).next(2, 3)).toBe(0);
  });
});

describe('a task', () => {
  it('that never ran may block', () => {
    expect(new BatchSize(1).mayBlock('Some.task')).toBe(true);
  });

  it('may block when those of its name take long, whatever others take', () => {
    const size = experienced(0.1);
    size.learn('Slow.task', 20);
    expect(size.mayBlock('Some.task')).toBe(false);
    expect(size.mayBlock('Slow.task')).toBe(true);
    expect(size.mayBlock('constructor')).toBe(true);
  });

  it('that was slow once is fast again after it was fast for long', () => {
    const size = experienced(0.1);
    size.learn('Some.task', 20);
    expect(size.mayBlock('Some.task')).toBe(true);
    for (let time = 0; time < 20; time += 1) size.learn('Some.task', 0.1);
    expect(size.mayBlock('Some.task')).toBe(false);
  });
});
