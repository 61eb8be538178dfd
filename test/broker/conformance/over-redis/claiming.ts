import type { Claimant } from '../../../../src/broker/port/broker.js';
import { idOf, LINE, MINUTE_MS, REPORT, type RedisStage } from '../stage.js';

export function claiming(stage: () => RedisStage): void {
  describe('claim', () => {
    it('takes tasks from the queues of the child by priority, up to the limit', async () => {
      const { broker } = stage();
      const [a = '', b = '', c = '', d = ''] = stage().messages(4);
      await broker.enqueue('bulk', [d]);
      await broker.enqueue('default', [b, c]);
      await broker.enqueue('critical', [a]);
      const child = await stage().child(['critical', 'default']);
      const { tasks } = await stage().claim(child, 2);
      expect(tasks).toEqual([
        { id: idOf(a), queue: 'critical', message: a },
        { id: idOf(b), queue: 'default', message: b },
      ]);
      expect((await stage().claim(child)).tasks.map(({ id }) => id)).toEqual([idOf(c)]);
      expect(await stage().claimed()).toEqual([idOf(d)]);
    });

    it('returns all tasks of the child again when its number is repeated', async () => {
      const messages = stage().messages(2);
      const { child } = await stage().holder(messages);
      await stage().broker.enqueue('default', stage().messages(1));
      const reply = await stage().broker.claim(child, { number: 1, limit: 10, acks: [idOf(messages[0] ?? '')] });
      expect(reply).toMatchObject({ repeated: true, acked: 1, drain: false });
      expect(reply.tasks.map(({ message }) => message)).toEqual([messages[1]]);
    });

    it('returns all tasks of the child and no new one when the child recovers', async () => {
      const messages = stage().messages(2);
      const { child } = await stage().holder(messages);
      await stage().broker.enqueue('default', stage().messages(1));
      const acks = [idOf(messages[0] ?? '')];
      const reply = await stage().broker.claim(child, { number: 5, limit: 10, acks, recover: true });
      expect(reply).toMatchObject({ repeated: true, acked: 1, tasks: [{ message: messages[1] }] });
      expect(reply.tasks).toHaveLength(1);
      expect(await stage().broker.holdings(child)).toMatchObject({ claimNumber: 5 });
    });

    it('is refused when its number is older than the last', async () => {
      const child = await stage().child();
      await stage().claim(child);
      await stage().claim(child);
      await expect(stage().broker.claim(child, { number: 1, limit: 1, acks: [] })).rejects.toThrow('STALE_CLAIM');
    });

    it('carries acks, and counts late ones', async () => {
      const [a = '', b = ''] = stage().messages(2);
      const { child } = await stage().holder([a, b]);
      expect(await stage().claim(child, 0, [idOf(a), 'x'.repeat(20)])).toMatchObject({ acked: 1, tasks: [] });
      expect(await stage().broker.staleAcks()).toBe(1);
      expect(await stage().broker.holdings(child)).toEqual({ claimNumber: 2, ids: [idOf(b)] });
    });
  });

  it.each<[string, (broker: RedisStage['broker'], child: Claimant) => Promise<unknown>]>([
    ['claim', (broker, child) => broker.claim(child, { number: 1, limit: 1, acks: [] })],
    ['ack', (broker, child) => broker.ack(child, ['a'])],
    ['release', (broker, child) => broker.release(child, ['a'])],
    [
      'retry',
      (broker, child) =>
        broker.retry(child, { id: 'a', queue: 'bulk' }, { inMs: 0, failures: 0, line: LINE, counts: true }),
    ],
    ['bury', (broker, child) => broker.bury(child, { id: 'a', queue: 'bulk' }, REPORT)],
    ['settle', (broker, child) => broker.settle(child, { ...NOTHING_KNOWN })],
    ['recordRun', (broker, child) => broker.crons.recordRun(child, 'a', RUN)],
  ])('%s is refused to a child that is not registered', async (_name, act) => {
    const session = await stage().session();
    const child = { session, child: `${session}.gone`, queues: ['bulk'] };
    await expect(act(stage().broker, child)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  describe('release', () => {
    it('returns tasks to the head, the oldest first, uncounted', async () => {
      const { broker } = stage();
      const messages = stage().messages(3);
      const { child } = await stage().holder(messages);
      await broker.enqueue('default', stage().messages(1));
      const ids = messages.map(idOf);
      expect(await broker.release(child, [ids[2] ?? '', ids[0] ?? '', ids[0] ?? '', 'x'])).toBe(2);
      const { tasks } = await stage().claim(await stage().child(), 2);
      expect(tasks.map(({ message }) => message)).toEqual([messages[0], messages[2]]);
    });

    it('does nothing for an outdated claim number', async () => {
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      await stage().claim(child);
      expect(await stage().broker.release(child, [idOf(message)], 1)).toBe(0);
      expect(await stage().broker.release(child, [idOf(message)], 2)).toBe(1);
    });

    it('leaves a claim of a queue that the child does not serve', async () => {
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      expect(await stage().broker.release({ ...child, queues: ['bulk'] }, [idOf(message)])).toBe(0);
      expect(await stage().state(message)).toBe('active');
    });
  });

  it('ack ends claims of the child, and none of another child', async () => {
    const { broker } = stage();
    const { child, tasks } = await stage().holder(stage().messages(1));
    const other = await stage().child();
    const ids = tasks.map(({ id }) => id);
    expect(await broker.ack(other, ids)).toBe(0);
    expect(await broker.ack(child, ids)).toBe(1);
    expect(await broker.ack(child, ids)).toBe(0);
  });

  it('a queue is served only while a session with a lease has a child for it', async () => {
    const { broker } = stage();
    const session = await stage().session(['bulk']);
    const served = async (queue = 'bulk'): Promise<unknown> => (await broker.queueStates([queue]))[0]?.served;
    expect(await served()).toBe(false);
    const child = await stage().child(['bulk'], session);
    expect(await served()).toBe(true);
    expect(await served('default')).toBe(false);
    await broker.settle(child, { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '' });
    expect(await served()).toBe(false);
  });

  describe('a key', () => {
    const drop = { due: undefined, replace: false };

    it('is free after the process of its task died and the task is dead', async () => {
      const { broker } = stage();
      const [a, b] = [stage().unique('k'), stage().unique('k')];
      await broker.enqueueUnique('default', a, drop);
      const child = await stage().child();
      await stage().claim(child);
      await broker.settle(child, { ...NOTHING_KNOWN, blamed: [idOf(a)], maxCrashes: 1 });
      expect(await broker.enqueueUnique('default', b, drop)).toMatchObject({ id: idOf(b) });
    });

    it('stays with a task that is released', async () => {
      const { broker } = stage();
      const message = stage().unique('k');
      await broker.enqueueUnique('default', message, drop);
      const child = await stage().child();
      await stage().claim(child);
      await broker.release(child, [idOf(message)]);
      expect(await broker.enqueueUnique('default', stage().unique('k'), drop)).toMatchObject({ id: idOf(message) });
    });
  });

  describe('cancel', () => {
    it('notifies every supervisor of an active task', async () => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      const from = await broker.stream.position(performance.now());
      await stage().holder([message]);
      expect(await broker.cancel(idOf(message))).toMatchObject({ state: 'active' });
      const { entries } = await broker.stream.read(from);
      expect(entries.map(({ kind, fields }) => [kind, fields.get('id')])).toEqual([['cancel', idOf(message)]]);
      expect(await stage().state(message)).toBe('cancelled');
    });

    it.each<[string, (broker: RedisStage['broker'], child: Claimant, id: string) => Promise<unknown>]>([
      ['given back', (broker, child, id) => broker.release(child, [id])],
      ['settled', (broker, child, id) => broker.settle(child, { ...NOTHING_KNOWN, blamed: [id] })],
    ])('ends an active task for good, also when it is %s', async (_what, end) => {
      const { broker } = stage();
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      await broker.cancel(idOf(message));
      await end(broker, child, idOf(message));
      expect(await stage().state(message)).toBe('cancelled');
      expect(await stage().claimed()).toEqual([]);
    });
  });

  describe('waiting', () => {
    it('ends when a bell rings', async () => {
      const { broker } = stage();
      await broker.enqueue('default', stage().messages(1));
      expect(await broker.waitForBell(['bulk', 'default'], MINUTE_MS)).toBe(true);
      const waiting = broker.waitForBell(['default'], MINUTE_MS);
      await broker.enqueue('default', stage().messages(1));
      expect(await waiting).toBe(true);
    });

    it('ends for a promoter when a task is due before all others', async () => {
      const { broker } = stage();
      const waiting = broker.waitForAlarm(MINUTE_MS);
      await broker.enqueue('default', stage().messages(1), { in: MINUTE_MS });
      expect(await waiting).toBe(true);
    });

    it('ends for good when it is stopped', async () => {
      const { broker } = stage();
      const waiting = broker.waitForBell(['default'], MINUTE_MS);
      broker.stopWaiting();
      expect(await waiting).toBe(false);
      await broker.enqueue('default', stage().messages(1));
      expect(await broker.waitForBell(['default'], MINUTE_MS)).toBe(false);
    });
  });
}

const NOTHING_KNOWN = { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '{}' };
const RUN = { id: 'a', attempt: 1, startedAt: 1, durationMs: 1, outcome: 'done' as const, host: 'here', pid: 7 };
