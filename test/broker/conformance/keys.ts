import { idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

const DROP = { due: undefined, replace: false };
const REPLACE = { due: undefined, replace: true };

export function uniqueKeys(stage: () => Stage): void {
  describe('a key', () => {
    it('lets one task in, wherever the other wants to go', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      expect(await broker.enqueueUnique('default', a, DROP)).toEqual({ id: idOf(a), queue: 'default' });
      expect(await broker.enqueueUnique('bulk', b, DROP)).toEqual({ id: idOf(a), queue: 'default' });
      expect(await broker.enqueueUnique('default', stage().unique('other'), DROP)).not.toMatchObject({ id: idOf(a) });
      expect(await stage().claimed()).toHaveLength(2);
    });

    it('recognises a repetition of the same task, also when it has run', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, DROP);
      const child = await stage().child();
      await stage().claim(child);
      await broker.ack(child, [idOf(message)]);
      expect(await broker.enqueueUnique('default', message, DROP)).toEqual({ id: idOf(message), queue: 'default' });
      expect(await stage().state(message)).toBe('unknown');
    });

    it.each(['pending', 'scheduled'])('can be taken over from a task that is %s, which goes', async (state) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      const due = state === 'scheduled' ? { in: MINUTE_MS } : undefined;
      await broker.enqueueUnique('bulk', a, { due, replace: false });
      expect(await broker.enqueueUnique('default', b, REPLACE)).toEqual({ id: idOf(b), queue: 'default' });
      expect([await stage().state(a), await stage().state(b)]).toEqual(['unknown', 'pending']);
    });

    it('can be taken over from a task that runs, which goes on and frees it no more', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, DROP);
      const child = await stage().child();
      await stage().claim(child);
      await broker.enqueueUnique('default', b, { due: { in: MINUTE_MS }, replace: true });
      await broker.ack(child, [idOf(a)]);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(b) });
    });

    it('debounces: what is replaced while it is tried again goes as it lies there', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, DROP);
      const child = await stage().child();
      await stage().claim(child);
      const retry = { inMs: MINUTE_MS, failures: 0, line: LINE, counts: true };
      await broker.retry(child, { id: idOf(a), queue: 'default' }, retry);
      await broker.enqueueUnique('default', b, REPLACE);
      expect([await stage().state(a), await stage().state(b)]).toEqual(['unknown', 'pending']);
    });

    it.each<[string, (stage: Stage, id: string) => Promise<unknown>]>([
      ['its end', async (on, id) => on.broker.ack(await holderOf(on), [id])],
      ['its burial', async (on, id) => on.broker.bury(await holderOf(on), { id, queue: 'default' }, REPORT)],
      ['its cancelling', async (on, id) => on.broker.cancel(id)],
      [
        'the death of its process',
        async (on, id) => on.broker.settle(await holderOf(on), { ...GUILTY, blamed: [id], maxCrashes: 1 }),
      ],
    ])('is free after %s', async (_what, end) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, DROP);
      await end(stage(), idOf(a));
      expect(await broker.enqueueUnique('default', b, DROP)).toMatchObject({ id: idOf(b) });
    });

    it.each([
      ['started', 'b'],
      ['finished', 'a'],
    ] as const)('counts until a task is %s', async (until, holder) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k', until), stage().unique('k', until)];
      await broker.enqueueUnique('default', a, DROP);
      await stage().claimed();
      const { id } = await broker.enqueueUnique('default', b, DROP);
      expect(id).toBe(idOf(holder === 'a' ? a : b));
    });

    it('goes with a task that is given back, and comes back with one that is redriven', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, DROP);
      const child = await stage().child();
      await stage().claim(child);
      await broker.release(child, [idOf(message)]);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(message) });
      await stage().claim(child);
      await broker.bury(child, { id: idOf(message), queue: 'default' }, REPORT);
      const death = await broker.deadLetters.find('default', idOf(message));
      await broker.deadLetters.redrive('default', death ? [death] : []);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(message) });
    });
  });
}

const GUILTY = { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: LINE, report: '{"code":"CRASHED"}' };

async function holderOf(stage: Stage): ReturnType<Stage['child']> {
  const child = await stage.child();
  await stage.claim(child);
  return child;
}
