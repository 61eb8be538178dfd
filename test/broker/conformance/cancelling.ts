import type { ClaimedTask } from '../../../src/broker/port/broker.js';
import type { TestClaims } from '../../../src/testing/test-work.js';
import { idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

export function cancelling(stage: () => Stage): void {
  it('locate finds a task in any state', async () => {
    const { broker } = stage();
    const [pending = '', scheduled = '', active = ''] = stage().messages(3);
    const dead = await stage().dead(stage().message(), 'bulk');
    await stage().taken(active, 'bulk');
    await broker.enqueue('default', [pending]);
    await broker.enqueue('critical', [scheduled], { in: MINUTE_MS });
    expect(await broker.locate(idOf(pending))).toEqual({ state: 'pending', queue: 'default', message: pending });
    expect(await broker.locate(idOf(scheduled))).toEqual({ state: 'scheduled', queue: 'critical', message: scheduled });
    expect(await broker.locate(idOf(active))).toEqual({ state: 'active', queue: 'bulk', message: active });
    expect(await broker.locate(dead)).toEqual({ state: 'dead', queue: 'bulk' });
    expect(await broker.locate('x'.repeat(20))).toMatchObject({ state: 'unknown' });
  });

  describe('cancel', () => {
    it.each([
      ['pending', undefined],
      ['scheduled', { in: MINUTE_MS }],
    ])('removes a %s task', async (state, due) => {
      const { broker, world } = stage();
      const [message = ''] = stage().messages(1);
      await broker.enqueue('default', [message], due);
      expect(await broker.cancel(idOf(message))).toMatchObject({ state, queue: 'default' });
      expect(await stage().state(message)).toBe('cancelled');
      expect(await broker.cancel(idOf(message))).toMatchObject({ state: 'cancelled' });
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      expect(await stage().takeAll()).toEqual([]);
    });

    it.each<[string, (claims: TestClaims, task: ClaimedTask) => Promise<unknown>]>([
      ['tried again', (claims, task) => claims.retry(task, { inMs: 0, failures: 0, line: LINE, counts: true })],
      ['buried', (claims, task) => claims.bury(task, REPORT, LINE)],
      ['done', (claims, task) => claims.done(task)],
    ])('ends an active task for good, also when it is %s', async (_what, end) => {
      const { broker } = stage();
      const task = await stage().taken();
      expect(await broker.cancel(task.id)).toMatchObject({ state: 'active' });
      expect(await stage().state(task.message)).toBe('cancelled');
      const { claims } = await stage().work();
      expect(await end(claims, task)).toBe(true);
      expect(await stage().state(task.message)).toBe('cancelled');
      expect(await stage().takeAll()).toEqual([]);
    });

    it('changes nothing about a dead or finished task', async () => {
      const { broker } = stage();
      const id = await stage().dead();
      expect(await broker.cancel(id)).toMatchObject({ state: 'dead' });
      expect(await broker.locate(id)).toMatchObject({ state: 'dead' });
      expect(await broker.cancel('x'.repeat(20))).toMatchObject({ state: 'unknown' });
    });

    it('does not apply to a dead task that is redriven', async () => {
      const { broker } = stage();
      const id = await stage().dead();
      const death = await broker.deadLetters.find('default', id);
      expect(await broker.deadLetters.redrive('default', death ? [death] : [])).toEqual(['redriven']);
      expect(await stage().takeAll()).toEqual([id]);
    });
  });
}
