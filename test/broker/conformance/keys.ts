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
      expect(await stage().takeAll()).toHaveLength(2);
    });

    it('recognises a repetition of the same task, also when it has run', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, DROP);
      const { claims } = await stage().work();
      await claims.done(await stage().next());
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
      const { claims } = await stage().work();
      const task = await stage().next();
      await broker.enqueueUnique('default', b, { due: { in: MINUTE_MS }, replace: true });
      await claims.done(task);
      expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id: idOf(b) });
    });

    it('debounces: what is replaced while it is tried again goes as it lies there', async () => {
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
    ] as const)('counts until a task is %s', async (until, holder) => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k', until), stage().unique('k', until)];
      await broker.enqueueUnique('default', a, DROP);
      await stage().next();
      const { id } = await broker.enqueueUnique('default', b, DROP);
      expect(id).toBe(idOf(holder === 'a' ? a : b));
    });

    it('comes back with a task that is redriven', async () => {
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
