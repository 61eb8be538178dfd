import { idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

const DROP = { due: undefined, replace: false };
const REPLACE = { due: undefined, replace: true };

export function uniqueKeys(stage: () => Stage): void {
  describe('a key', () => {
    it('admits one task, whichever queue the other is sent to', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      expect(await broker.enqueueUnique('default', a, DROP)).toEqual({ id: idOf(a), queue: 'default' });
      expect(await broker.enqueueUnique('bulk', b, DROP)).toEqual({ id: idOf(a), queue: 'default' });
      expect(await broker.enqueueUnique('default', stage().unique('other'), DROP)).not.toMatchObject({ id: idOf(a) });
      expect(await stage().takeAll()).toHaveLength(2);
    });

    it('recognises a repetition of the same task, also after that task has run', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, DROP);
      const { claims } = await stage().work();
      await claims.done(await stage().next());
      expect(await broker.enqueueUnique('default', message, DROP)).toEqual({ id: idOf(message), queue: 'default' });
      expect(await stage().state(message)).toBe('unknown');
    });

    it.each(['pending', 'scheduled'])('can be taken over from a %s task, which is removed', async (state) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      const due = state === 'scheduled' ? { in: MINUTE_MS } : undefined;
      await broker.enqueueUnique('bulk', a, { due, replace: false });
      expect(await broker.enqueueUnique('default', b, REPLACE)).toEqual({ id: idOf(b), queue: 'default' });
      expect([await stage().state(a), await stage().state(b)]).toEqual(['unknown', 'pending']);
    });

    it('can be taken over from an active task, which goes on and does not free it any more', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, DROP);
      const { claims } = await stage().work();
      const task = await stage().next();
      await broker.enqueueUnique('default', b, { due: { in: MINUTE_MS }, replace: true });
      await claims.done(task);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(b) });
    });

    it('can be taken over from a task that waits for its retry, which is removed', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, DROP);
      const { claims } = await stage().work();
      await claims.retry(await stage().next(), { inMs: MINUTE_MS, failures: 0, line: LINE, counts: true });
      await broker.enqueueUnique('default', b, REPLACE);
      expect([await stage().state(a), await stage().state(b)]).toEqual(['unknown', 'pending']);
    });

    it.each<[string, (stage: Stage, id: string) => Promise<unknown>]>([
      ['its end', async (on) => (await on.work()).claims.done(await on.next())],
      ['its burial', async (on) => (await on.work()).claims.bury(await on.next(), REPORT, '')],
      ['its cancelling', async (on, id) => on.broker.cancel(id)],
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
    ] as const)('is held until its task is %s', async (until, holder) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k', until), stage().unique('k', until)];
      await broker.enqueueUnique('default', a, DROP);
      await stage().next();
      const { id } = await broker.enqueueUnique('default', b, DROP);
      expect(id).toBe(idOf(holder === 'a' ? a : b));
    });

    it('returns with a task that is redriven', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, DROP);
      const { claims } = await stage().work();
      await claims.bury(await stage().next(), REPORT, '');
      const death = await broker.deadLetters.find('default', idOf(message));
      await broker.deadLetters.redrive('default', death ? [death] : []);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(message) });
    });
  });
}
