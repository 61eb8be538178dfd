import { idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

const GUILTY = { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: LINE, report: '{}' };

export function cancelling(stage: () => Stage): void {
  it('locate finds a task wherever it is', async () => {
    const { broker } = stage();
    const [pending = '', scheduled = '', active = ''] = stage().messages(3);
    await stage().holder([active], 'bulk');
    await broker.enqueue('default', [pending]);
    await broker.enqueue('critical', [scheduled], { in: MINUTE_MS });
    expect(await broker.locate(idOf(pending))).toEqual({ state: 'pending', queue: 'default', message: pending });
    expect(await broker.locate(idOf(scheduled))).toEqual({ state: 'scheduled', queue: 'critical', message: scheduled });
    expect(await broker.locate(idOf(active))).toEqual({ state: 'active', queue: 'bulk', message: active });
    expect(await broker.locate(await stage().dead(stage().message(), 'bulk'))).toEqual({
      state: 'dead',
      queue: 'bulk',
    });
    expect(await broker.locate('x'.repeat(20))).toMatchObject({ state: 'unknown' });
  });

  describe('cancel', () => {
    it.each([
      ['pending', undefined],
      ['scheduled', { in: MINUTE_MS }],
    ])('takes away what is %s', async (state, due) => {
      const { broker, world } = stage();
      const [message = ''] = stage().messages(1);
      await broker.enqueue('default', [message], due);
      expect(await broker.cancel(idOf(message))).toMatchObject({ state, queue: 'default' });
      expect(await stage().state(message)).toBe('cancelled');
      expect(await broker.cancel(idOf(message))).toMatchObject({ state: 'cancelled' });
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      expect(await stage().claimed()).toEqual([]);
    });

    it('tells every supervisor of what is active', async () => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      const from = await broker.stream.position(performance.now());
      await stage().holder([message]);
      expect(await broker.cancel(idOf(message))).toMatchObject({ state: 'active' });
      const { entries } = await broker.stream.read(from);
      expect(entries.map(({ kind, fields }) => [kind, fields.get('id')])).toEqual([['cancel', idOf(message)]]);
      expect(await stage().state(message)).toBe('cancelled');
    });

    it.each<[string, (on: Stage, child: Awaited<ReturnType<Stage['child']>>, id: string) => Promise<unknown>]>([
      [
        'tried again',
        (on, child, id) =>
          on.broker.retry(child, { id, queue: 'default' }, { inMs: 0, failures: 0, line: LINE, counts: true }),
      ],
      ['given back', (on, child, id) => on.broker.release(child, [id])],
      ['buried', (on, child, id) => on.broker.bury(child, { id, queue: 'default' }, REPORT)],
      ['settled', (on, child, id) => on.broker.settle(child, { ...GUILTY, blamed: [id] })],
      ['done', (on, child, id) => on.broker.ack(child, [id])],
    ])('ends what is active for good, also when it is %s', async (_what, end) => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      await broker.cancel(idOf(message));
      await end(stage(), child, idOf(message));
      expect(await stage().state(message)).toBe('cancelled');
      expect(await stage().claimed()).toEqual([]);
    });

    it('leaves what is dead or finished as it is', async () => {
      const { broker } = stage();
      const id = await stage().dead();
      expect(await broker.cancel(id)).toMatchObject({ state: 'dead' });
      expect(await broker.locate(id)).toMatchObject({ state: 'dead' });
      expect(await broker.cancel('x'.repeat(20))).toMatchObject({ state: 'unknown' });
    });

    it('is forgotten when the task is sent again from the dead', async () => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      const { child, tasks } = await stage().holder([message]);
      for (const task of tasks) await broker.bury(child, task, REPORT);
      const death = await broker.deadLetters.find('default', idOf(message));
      expect(await broker.deadLetters.redrive('default', death ? [death] : [])).toEqual(['redriven']);
      expect(await stage().claimed()).toEqual([idOf(message)]);
    });
  });
}
