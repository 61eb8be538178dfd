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
  });
}
