import { decodeResult, encodeDone } from '../../../src/message/task-result.js';
import { idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

export function results(stage: () => Stage): void {
  async function kept(message: string): Promise<unknown> {
    const [found] = await stage().broker.results.read([idOf(message)]);
    // people who look find the same
    expect((await stage().broker.results.kept(idOf(message)))?.result).toEqual(found);
    return found && found !== 'cancelled' ? decodeResult(found.stored, idOf(message)) : found;
  }

  describe('a task that keeps its result', () => {
    it('has none before its end, and one for its time after it, and is announced', async () => {
      const { broker } = stage();
      const message = stage().asking(60);
      await broker.enqueue('default', [message]);
      expect(await kept(message)).toBeUndefined();
      const ended = broker.results.ended(message.slice(0, 12), 5_000);
      const { claims } = await stage().work();
      expect(await claims.done(await stage().next(), encodeDone([1n]))).toBe(true);
      expect(await kept(message)).toEqual({ kind: 'done', value: [1n] });
      const { until = 0 } = (await broker.results.kept(idOf(message))) ?? {};
      const leftMs = until - (await broker.places.now());
      expect([leftMs > 0, leftMs <= MINUTE_MS]).toEqual([true, true]);
      expect(await ended).toMatchObject([{ id: idOf(message) }]);
      expect(await stage().state(message)).toBe('unknown');
    });

    it('keeps its failure when it is dead, and forgets it when it is redriven', async () => {
      const { broker } = stage();
      const message = stage().asking(60);
      await broker.enqueue('default', [message]);
      const { claims } = await stage().work();
      await claims.bury(await stage().next(), REPORT, LINE);
      expect(await kept(message)).toEqual({ kind: 'failed', code: 'TASK_FAILED', error: 'Error: no', attempts: 1 });
      const { entries } = await broker.deadLetters.read('default', { range: {}, order: 'oldest', limit: 1 });
      expect(await broker.deadLetters.redrive('default', entries)).toEqual(['redriven']);
      expect(await kept(message)).toBeUndefined();
    });

    it.each(['pending', 'scheduled', 'active'])('is known as cancelled when it is %s, and announced', async (state) => {
      const { broker } = stage();
      const message = stage().asking(60);
      await broker.enqueue('default', [message], state === 'scheduled' ? { in: MINUTE_MS } : undefined);
      if (state === 'active') await stage().next();
      await broker.cancel(idOf(message));
      expect(await kept(message)).toBe('cancelled');
      expect(await broker.results.ended(message.slice(0, 12), 5_000)).toEqual([{ id: idOf(message) }]);
    });
  });

  it('a task that keeps none has none', async () => {
    const message = stage().message();
    await stage().broker.enqueue('default', [message]);
    const { claims } = await stage().work();
    await claims.done(await stage().next());
    expect(await kept(message)).toBeUndefined();
  });
}
