import { idOf, MINUTE_MS, type RedisStage } from '../stage.js';

const BY = { forMs: undefined, by: 'anna', reason: undefined };

export function pausing(stage: () => RedisStage): void {
  describe('a pause of a queue', () => {
    it('keeps its tasks until it is resumed, and those of other queues run', async () => {
      const { broker } = stage();
      const [a = '', b = ''] = stage().messages(2);
      await broker.pauses.pause('critical', BY);
      await broker.enqueue('critical', [a]);
      await broker.enqueue('bulk', [b]);
      expect(await stage().claimed()).toEqual([idOf(b)]);
      expect(await stage().state(a)).toBe('pending');
      expect(await broker.pauses.resume('critical')).toBe(true);
      expect(await stage().claimed()).toEqual([idOf(a)]);
    });

    it('with an end is over then, and wakes a child of the queue', async () => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      await broker.pauses.pause('default', { ...BY, forMs: MINUTE_MS });
      await broker.enqueue('default', [message]);
      expect(await broker.waitForBell(['default'], MINUTE_MS)).toBe(true);
      expect(await stage().claimed()).toEqual([]);
      await stage().world.letTimePass(MINUTE_MS);
      const waiting = broker.waitForBell(['default'], MINUTE_MS);
      await broker.promote(500);
      expect(await waiting).toBe(true);
      expect(await broker.pauses.pauses()).toEqual([]);
      expect(await stage().claimed()).toEqual([idOf(message)]);
    });

    it('wakes a promoter if it has an end', async () => {
      const { broker } = stage();
      const waiting = broker.waitForAlarm(MINUTE_MS);
      await broker.pauses.pause('default', { ...BY, forMs: MINUTE_MS });
      expect(await waiting).toBe(true);
      expect((await broker.promote(500)).nextInMs).toBeGreaterThan(0);
    });
  });
}
