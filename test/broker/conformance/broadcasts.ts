import { idOf, type Stage } from './stage.js';

const OUTCOME = { host: 'here', pid: 7, ok: true, durationMs: 3, at: 1 };

export function broadcasts(stage: () => Stage): void {
  describe('broadcasts', () => {
    it('are read once, in the order of their sending', async () => {
      const { broker } = stage();
      const { broadcasts } = await stage().work();
      const messages = stage().messages(3);
      expect(await broker.broadcast(messages)).toBe(3);
      expect(await broker.broadcast(messages.slice(1))).toBe(0);
      expect(await broadcasts.next()).toEqual(messages);
      expect(await broadcasts.next()).toEqual([]);
    });

    it('are read in parts when they are many', async () => {
      const { broadcasts } = await stage().work();
      const messages = stage().messages(250);
      await stage().broker.broadcast(messages);
      const taken: string[] = [];
      for (let part = await broadcasts.next(); part.length > 0; part = await broadcasts.next()) {
        expect(part.length).toBeLessThan(250);
        taken.push(...part);
      }
      expect(taken).toEqual(messages);
    });

    it('keep their outcomes', async () => {
      const { broker } = stage();
      const { broadcasts } = await stage().work();
      const id = idOf(stage().message());
      await broadcasts.record(id, OUTCOME);
      await broadcasts.record(id, OUTCOME);
      expect(await broker.broadcasts.outcomes(id)).toEqual([OUTCOME]);
      expect(await broker.broadcasts.outcomes('other')).toEqual([]);
      expect(await broker.broadcasts.gaps()).toEqual([]);
    });
  });
}
