import { InboxLoop } from '../../src/maintenance/inbox-loop.js';

function loopOver(removed: number[]): { loop: InboxLoop; asked: [number, number][] } {
  const asked: [number, number][] = [];
  const table = {
    removeOld: async (ms: number, limit: number): Promise<number> => {
      asked.push([ms, limit]);
      return removed.shift() ?? 0;
    },
  };
  const loop = new InboxLoop({ table, keepMs: 7, onError: () => {}, onSuccess: () => {} });
  return { loop, asked };
}

describe('the removal of old marks', () => {
  it('begins some time after the start of a process', async () => {
    const { loop, asked } = loopOver([]);
    expect(await loop.tick()).toBeLessThan(60_000);
    expect(asked).toEqual([]);
  });

  it('goes on in batches until one is not full', async () => {
    const { loop, asked } = loopOver([500, 500, 3]);
    await loop.tick();
    expect(await loop.tick()).toBe(600_000);
    expect(asked).toEqual([
      [7, 500],
      [7, 500],
      [7, 500],
    ]);
  });

  it('ends with the batch in which it is stopped', async () => {
    const { loop, asked } = loopOver([500, 500]);
    await loop.tick();
    const ticking = loop.tick();
    await loop.stop();
    await ticking;
    expect(asked).toHaveLength(1);
  });
});
