import type { OutboxCall } from '../../../src/broker/port/relay-port.js';
import { idOf, type Stage } from './stage.js';

const DONE = undefined;

export function relaying(stage: () => Stage): void {
  describe('rows of an outbox', () => {
    const relay = async (calls: readonly OutboxCall[], startedMs?: number) => {
      const { outbox } = stage().broker;
      return outbox.relay('table', calls, startedMs ?? (await outbox.now()));
    };
    const rowOf = (message: string): OutboxCall => ({ queue: 'default', message });

    it('become tasks in their order, each once', async () => {
      const messages = stage().messages(3);
      const rows = messages.map(rowOf);
      expect(await relay(rows)).toEqual([DONE, DONE, DONE]);
      expect(await relay(rows)).toEqual([DONE, DONE, DONE]);
      expect(await stage().takeAll()).toEqual(messages.map(idOf));
    });

    it('become no tasks five minutes after they were read', async () => {
      const { broker } = stage();
      const message = stage().message();
      const [error] = await relay([rowOf(message)], (await broker.outbox.now()) - 301_000);
      expect(error).toBeInstanceOf(Error);
      expect(await broker.locate(idOf(message))).toMatchObject({ state: 'unknown' });
    });

    it('are scheduled when they are for later', async () => {
      const { broker } = stage();
      const message = stage().message();
      await relay([{ ...rowOf(message), dueAt: (await broker.outbox.now()) + 60_000 }]);
      expect(await broker.locate(idOf(message))).toMatchObject({ state: 'scheduled' });
    });

    it('keep their marks until those are forgotten', async () => {
      const { outbox } = stage().broker;
      const [a, b] = stage().messages(2) as [string, string];
      await relay([rowOf(a), rowOf(b)]);
      await outbox.forget('table', [idOf(a)]);
      expect(await outbox.marked('table', (await outbox.now()) + 1_000, 10)).toEqual([idOf(b)]);
      expect(await outbox.marked('other', (await outbox.now()) + 1_000, 10)).toEqual([]);
    });

    it('are relayed by one relay at a time', async () => {
      const { outbox } = stage().broker;
      expect(await outbox.takeTurn('table', 'one', 10_000)).toBe(true);
      expect(await outbox.takeTurn('table', 'two', 10_000)).toBe(false);
      expect(await outbox.takeTurn('table', 'two', 0)).toBe(false);
      expect(await outbox.takeTurn('table', 'one', 0)).toBe(true);
      expect(await outbox.takeTurn('table', 'two', 10_000)).toBe(true);
    });

    it('are noted for those who look at Redis alone, by table', async () => {
      const { outbox } = stage().broker;
      const counts = { waiting: 2, putAside: 1, oldestMs: 300 };
      expect((await outbox.noted()).outboxes).toEqual([]);
      await outbox.note('b', { table: 'shop.tasks', ...counts });
      await outbox.note('a', { table: 'tasks', ...counts });
      await outbox.note('b', { table: 'shop.tasks', ...counts, waiting: 0 });
      const { outboxes, now } = await outbox.noted();
      expect(outboxes).toEqual([
        { outbox: 'b', table: 'shop.tasks', ...counts, waiting: 0, notedAt: expect.any(Number) },
        { outbox: 'a', table: 'tasks', ...counts, notedAt: expect.any(Number) },
      ]);
      for (const { notedAt } of outboxes) expect(now - notedAt).toBeGreaterThanOrEqual(0);
    });

    it('are noted under the id of their table alone when that has got another one', async () => {
      const { outbox } = stage().broker;
      const note = { table: 'tasks', waiting: 2, putAside: 0, oldestMs: 300 };
      await outbox.note('a', note);
      await outbox.note('b', note, 'a');
      await outbox.note('b', note, 'b');
      expect((await outbox.noted()).outboxes.map(({ outbox: id }) => id)).toEqual(['b']);
    });
  });
}
