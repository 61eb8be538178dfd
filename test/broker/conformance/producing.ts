import { idOf, MINUTE_MS, type Stage } from './stage.js';

export function producing(stage: () => Stage): void {
  describe('enqueue', () => {
    it('adds messages to the tail, in order', async () => {
      const { broker } = stage();
      const [a = '', b = '', c = ''] = stage().messages(3);
      expect(await broker.enqueue('default', [a, b])).toBe(2);
      expect(await broker.enqueue('default', [c])).toBe(1);
      expect(await stage().takeAll()).toEqual([a, b, c].map(idOf));
    });

    it('adds each id once, in any order of repetitions', async () => {
      const { broker } = stage();
      const [a = '', b = ''] = stage().messages(2);
      await broker.enqueue('default', [b]);
      expect(await broker.enqueue('default', [a, b])).toBe(1);
      expect(await broker.enqueue('default', [a, b], { in: MINUTE_MS })).toBe(0);
      expect(await stage().takeAll()).toEqual([b, a].map(idOf));
    });

    it('adds single messages, together with the others of the same turn', async () => {
      const { broker } = stage();
      const [a = '', b = '', c = ''] = stage().messages(3);
      await Promise.all([a, b, a, c].map((message) => broker.enqueueOne('default', message)));
      expect(await stage().takeAll()).toEqual([a, b, c].map(idOf));
    });

    it('recognises a task that has already run', async () => {
      const message = stage().message();
      const { claims } = await stage().work();
      await claims.done(await stage().taken(message));
      expect(await stage().broker.enqueue('default', [message])).toBe(0);
      expect(await stage().state(message)).toBe('unknown');
    });

    it('keeps the order of thousands', async () => {
      const messages = stage().messages(5_000);
      expect(await stage().broker.enqueue('default', messages)).toBe(5_000);
      expect(await stage().takeAll(1_000)).toEqual(messages.slice(0, 1_000).map(idOf));
    });
  });

  describe('a scheduled task', () => {
    it('is pending once it is due, and not before', async () => {
      const { broker, world } = stage();
      const message = stage().message();
      await broker.enqueue('default', [message], { in: MINUTE_MS });
      expect(await broker.promote(10)).toMatchObject({ moved: 0 });
      expect(await stage().state(message)).toBe('scheduled');
      await world.letTimePass(MINUTE_MS);
      expect(await broker.promote(10)).toEqual({ moved: 1, nextInMs: undefined });
      expect(await stage().takeAll()).toEqual([idOf(message)]);
    });

    it('becomes pending in the order of time, then of id', async () => {
      const { broker, world } = stage();
      const now = await broker.deadLetters.now();
      const [a = '', b = '', c = '', d = ''] = stage().messages(4);
      await broker.enqueue('default', [d], { at: now + 1_000 });
      await broker.enqueue('default', [c, b], { at: now + 2_000 });
      await broker.enqueue('default', [a], { at: now + 3_000 });
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      expect(await stage().takeAll()).toEqual([d, b, c, a].map(idOf));
    });

    it('is moved from any queue, up to the limit', async () => {
      const { broker } = stage();
      const messages = stage().messages(5);
      await broker.enqueue('bulk', messages.slice(3), { at: 1 });
      await broker.enqueue('default', messages.slice(0, 3), { at: 2 });
      expect(await broker.promote(2)).toEqual({ moved: 2, nextInMs: 0 });
      expect(await broker.promote(2)).toEqual({ moved: 2, nextInMs: 0 });
      expect(await broker.promote(2)).toEqual({ moved: 1, nextInMs: undefined });
      expect(await stage().takeAll()).toEqual(messages.map(idOf));
    });

    it('that is due first in all queues determines the next look', async () => {
      const { broker } = stage();
      await broker.enqueue('bulk', stage().messages(1), { in: 2 * MINUTE_MS });
      await broker.enqueue('default', stage().messages(1), { in: 3 * MINUTE_MS });
      const { nextInMs = 0 } = await broker.promote(10);
      expect(nextInMs).toBeGreaterThan(MINUTE_MS);
      expect(nextInMs).toBeLessThanOrEqual(2 * MINUTE_MS);
    });
  });

  it('registeredTask returns the queue that a worker has registered', async () => {
    const { broker } = stage();
    expect(await broker.registeredTask('Video.encode')).toBeUndefined();
    await stage().work([{ name: 'Video.encode', queue: 'bulk' }]);
    expect(await broker.registeredTask('Video.encode')).toMatchObject({ queue: 'bulk' });
  });
}
