import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, MINUTE_MS, type RedisStage } from '../stage.js';

const OUTCOME = { host: 'here', pid: 7, ok: true, durationMs: 3, at: 1 };

export function streaming(stage: () => RedisStage): void {
  describe('the stream', () => {
    it('returns each broadcast to every reader once, in order', async () => {
      const { broker } = stage();
      const from = await broker.stream.position(performance.now());
      const messages = stage().messages(3);
      expect(await broker.broadcast(messages)).toBe(3);
      expect(await broker.broadcast(messages.slice(1))).toBe(0);
      for (let reader = 0; reader < 2; reader += 1) {
        const { entries, more, gap, position } = await broker.stream.read(from);
        expect(entries.map(({ kind, fields }) => [kind, fields.get('message')])).toEqual(
          messages.map((it) => ['call', it]),
        );
        expect([more, gap]).toEqual([false, undefined]);
        expect((await broker.stream.read(position)).entries).toEqual([]);
      }
    });

    it('has a position for readers that start at a given moment', async () => {
      const { broker } = stage();
      const [before = '', since = ''] = stage().messages(2);
      await broker.broadcast([before]);
      // a position may lie too early, by as long as the answer of Redis takes
      await untilTimeHasPassed(500);
      const moment = performance.now();
      await untilTimeHasPassed(2);
      await broker.broadcast([since]);
      const { entries } = await broker.stream.read(await broker.stream.position(moment));
      expect(entries.map(({ fields }) => fields.get('message'))).toEqual([since]);
    });

    it('is read in parts', async () => {
      const { broker } = stage();
      let position = await broker.stream.position(performance.now());
      await broker.broadcast(stage().messages(250));
      const parts: number[] = [];
      for (let more = true; more; ) {
        const read = await broker.stream.read(position);
        parts.push(read.entries.length);
        ({ position, more } = read);
        expect(read.gap).toBeUndefined();
      }
      expect(parts.reduce((sum, part) => sum + part)).toBe(250);
      expect(Math.max(...parts)).toBeLessThan(250);
    });

    it('wakes a reader that waits for more', async () => {
      const { broker } = stage();
      const from = await broker.stream.position(performance.now());
      const waiting = broker.stream.waitForMore(from, MINUTE_MS);
      await broker.broadcast(stage().messages(1));
      expect(await waiting).toBe(true);
      expect(await broker.stream.waitForMore(from, MINUTE_MS)).toBe(true);
      const { position } = await broker.stream.read(from);
      const stopped = broker.stream.waitForMore(position, MINUTE_MS);
      broker.stream.stopWaiting();
      expect(await stopped).toBe(false);
    });
  });

  it('gives the broadcast of a machine to one session, and to another when that session is gone', async () => {
    const { broker, world } = stage();
    const [a, b] = [await stage().session(), await stage().session()];
    expect(await broker.broadcasts.takeTurn('id', 'machine', a)).toBe('mine');
    expect(await broker.broadcasts.takeTurn('id', 'machine', a)).toBe('mine');
    expect(await broker.broadcasts.takeTurn('id', 'machine', b)).toBe('taken');
    expect(await broker.broadcasts.takeTurn('id', 'other', b)).toBe('mine');
    await world.letTimePass(LEASE_MS - 5_000);
    await broker.renew(b, LEASE_MS);
    await world.letTimePass(6_000);
    await broker.reap(a, LEASE_MS);
    expect(await broker.broadcasts.takeTurn('id', 'machine', b)).toBe('mine');
    await broker.broadcasts.record([{ id: 'id', target: 'b', outcome: OUTCOME, machine: 'machine' }]);
    expect(await broker.broadcasts.takeTurn('id', 'machine', b)).toBe('done');
  });

  it('keeps the outcomes of broadcasts in the order of their ends', async () => {
    const { broker } = stage();
    const failed = { ...OUTCOME, ok: false, error: 'Error: no', at: 2 };
    await broker.broadcasts.record([{ id: 'id', target: 'b', outcome: failed }]);
    await broker.broadcasts.record([{ id: 'id', target: 'a', outcome: OUTCOME }]);
    await broker.broadcasts.record([{ id: 'id', target: 'a', outcome: OUTCOME }]);
    expect(await broker.broadcasts.outcomes('id')).toEqual([OUTCOME, failed]);
    expect(await broker.broadcasts.outcomes('other')).toEqual([]);
  });

  it('keeps each gap once', async () => {
    const { broker } = stage();
    const gap = { reason: 'trimmed' as const, missed: 3, after: '5-0', host: 'here', pid: 7, at: 2 };
    for (const each of [gap, { ...gap, at: 1 }, gap]) await broker.broadcasts.recordGap(each);
    expect(await broker.broadcasts.gaps()).toEqual([{ ...gap, at: 1 }, gap]);
  });
}

/** Ids of entries count in whole ms. */
async function untilTimeHasPassed(ms: number): Promise<void> {
  const began = Date.now();
  while (Date.now() < began + ms) await delay(1);
}
