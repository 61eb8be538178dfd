import { BatchSize, MAX_BATCH } from '../../src/worker/batch-size.js';

/** A size that has seen this duration often, and claimed as often. */
function experienced(durationMs: number, { concurrency = 1, times = 20 } = {}): BatchSize {
  const size = new BatchSize(concurrency);
  for (let time = 0; time < times; time += 1) {
    size.learn('Some.task', durationMs);
    size.next(concurrency);
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
    expect([1, 2, 3, 4, 5, 6, 7].map(() => size.next(1))).toEqual([2, 4, 8, 16, 32, 64, 64]);
  });

  it('shrinks at once when a task takes long, and recovers slowly', () => {
    const size = experienced(0.1);
    size.learn('Other.task', 50);
    expect(size.next(1)).toBe(1);
    size.learn('Some.task', 0.1);
    expect(size.next(1)).toBe(1);
    for (let time = 0; time < 50; time += 1) size.learn('Some.task', 0.1);
    expect(size.next(1)).toBe(2);
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
