import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { roughBytes } from '../../src/dashboard/live/rough-bytes.js';
import { detached, Shared } from '../../src/dashboard/live/shared.js';

it('answers are forgotten after an action, aside from counts that no action changes', async () => {
  const shared = new Shared();
  let reads = 0;
  const read = async (): Promise<number> => {
    reads += 1;
    return reads;
  };
  await shared.read(['tasks'], read, 1_000);
  await shared.read(['counts'], read, 15_000);
  shared.clear();
  expect(await shared.read(['counts'], read, 15_000)).toBe(2);
  expect(await shared.read(['tasks'], read, 1_000)).toBe(3);
});

it('answers of two kinds are two, whatever text they are about', async () => {
  const shared = new Shared();
  expect(await shared.read(['task', 'names'], async () => 1)).toBe(1);
  expect(await shared.read(['task names'], async () => 2)).toBe(2);
  expect(await shared.read(['task', '","names'], async () => 3)).toBe(3);
  expect(await shared.read(['task', '', 'names'], async () => 4)).toBe(4);
});

it('an answer that is old is kept no longer, though nobody asks again', async () => {
  const shared = new Shared();
  await shared.read(['tasks'], async () => 'many', 1);
  expect(shared.size).toBe(1);
  while (shared.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await shared.read(['tasks'], async () => 'new')).toBe('new');
});

describe('the bytes of all answers', () => {
  const text = (length: number) => async (): Promise<string> => 'x'.repeat(length);

  it('stay below a bound: the oldest answers go', async () => {
    const shared = new Shared(undefined, 1_000);
    for (const kind of ['a', 'b', 'c', 'd', 'e']) await shared.read([kind], text(200), 60_000);
    expect(shared.size).toBe(4);
    expect(await shared.read(['e'], text(1), 60_000)).toHaveLength(200);
    expect(await shared.read(['a'], text(1), 60_000)).toHaveLength(1);
    // what was given up is free again
    for (const kind of ['f', 'g', 'h']) await shared.read([kind], text(200), 60_000);
    expect(shared.size).toBe(5);
  });

  it('drive out no other answer for a single large one, which all who wait for it get', async () => {
    const shared = new Shared(undefined, 1_000);
    await shared.read(['small'], text(100), 60_000);
    const large = [1, 2].map((length) => shared.read(['large'], text(length * 300), 60_000));
    expect((await Promise.all(large)).map(({ length }) => length)).toEqual([300, 300]);
    expect(shared.size).toBe(1);
    expect(await shared.read(['small'], text(1), 60_000)).toHaveLength(100);
  });

  it('are counted as the reader of an answer counts them, where it hides what it holds', async () => {
    const shared = new Shared(undefined, 1_000);
    await shared.read(
      ['task'],
      async () => ({}),
      60_000,
      () => 600,
    );
    expect(shared.size).toBe(0);
  });

  it('count texts, buffers, lists, fields and maps', () => {
    for (const value of [
      'x'.repeat(5_000),
      [new Uint8Array(5_000)],
      { a: { b: new Map([['k', 'x'.repeat(5_000)]]) } },
    ]) {
      expect(roughBytes(value)).toBeGreaterThan(5_000);
      expect(roughBytes(value)).toBeLessThan(5_300);
    }
    expect(roughBytes(new Date(0))).toBeLessThan(100);
  });
});

it('a part of a long text that is detached keeps no more than itself', () => {
  const parts: string[] = [];
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 100; i += 1) {
    // a text as JSON makes it: one of repeats would be small in memory
    const text = JSON.parse(JSON.stringify(`${i}${'x'.repeat(1_000_000)}`)) as string;
    parts.push(detached(text.slice(0, 120)));
  }
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  expect(parts).toHaveLength(100);
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
