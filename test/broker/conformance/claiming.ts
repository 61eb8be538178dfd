import type { Claimant } from '../../../src/broker/broker.js';
import { countersOf, idOf, LINE, MINUTE_MS, REPORT, type Stage } from './stage.js';

export function claiming(stage: () => Stage): void {
  describe('claim', () => {
    it('takes from the queues of the child by priority, no more than asked for', async () => {
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

    it('repeats all that the child holds when its number is repeated', async () => {
      const messages = stage().messages(2);
      const { child } = await stage().holder(messages);
      await stage().broker.enqueue('default', stage().messages(1));
      const reply = await stage().broker.claim(child, { number: 1, limit: 10, acks: [idOf(messages[0] ?? '')] });
      expect(reply).toMatchObject({ repeated: true, acked: 1, drain: false });
      expect(reply.tasks.map(({ message }) => message)).toEqual([messages[1]]);
    });

    it('tells all that the child holds, and gives nothing new, when the child asks to recover', async () => {
      const messages = stage().messages(2);
      const { child } = await stage().holder(messages);
      await stage().broker.enqueue('default', stage().messages(1));
      const acks = [idOf(messages[0] ?? '')];
      const reply = await stage().broker.claim(child, { number: 5, limit: 10, acks, recover: true });
      expect(reply).toMatchObject({ repeated: true, acked: 1, tasks: [{ message: messages[1] }] });
      expect(reply.tasks).toHaveLength(1);
      expect(await stage().broker.holdings(child)).toMatchObject({ claimNumber: 5 });
    });

    it('is refused when it is older than the last', async () => {
      const child = await stage().child();
      await stage().claim(child);
      await stage().claim(child);
      await expect(stage().broker.claim(child, { number: 1, limit: 1, acks: [] })).rejects.toThrow('STALE_CLAIM');
    });

    it('carries acks, and counts those that come too late', async () => {
      const [a = '', b = ''] = stage().messages(2);
      const { child } = await stage().holder([a, b]);
      expect(await stage().claim(child, 0, [idOf(a), 'x'.repeat(20)])).toMatchObject({ acked: 1, tasks: [] });
      expect(await stage().broker.staleAcks()).toBe(1);
      expect(await stage().broker.holdings(child)).toEqual({ claimNumber: 2, ids: [idOf(b)] });
    });
  });

  it.each<[string, (broker: Stage['broker'], child: Claimant) => Promise<unknown>]>([
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
    it('gives back to the head, the oldest first, uncounted', async () => {
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

    it('leaves a task of a queue that the child does not serve where it is', async () => {
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      expect(await stage().broker.release({ ...child, queues: ['bulk'] }, [idOf(message)])).toBe(0);
      expect(await stage().state(message)).toBe('active');
    });
  });

  describe('retry', () => {
    const again = { inMs: 0, failures: 0, line: LINE, counts: true };

    it('lets the task run again at the tail, counted, with its history', async () => {
      const { broker } = stage();
      const [message = '', other = ''] = stage().messages(2);
      const { child, tasks } = await stage().holder([message]);
      await broker.enqueue('default', [other]);
      expect(await broker.retry(child, tasks[0] ?? NO_TASK, again)).toBe(true);
      const { tasks: next } = await stage().claim(await stage().child());
      expect(next.map(({ id }) => id)).toEqual([other, message].map(idOf));
      expect(countersOf(next[1]?.message ?? '')).toEqual({ failures: 1, crashes: 0, suspicions: 0 });
      expect(next[1]?.message).toMatch(/\]\n\{"at":1,"code":"TASK_FAILED"\}$/);
    });

    it('lets it wait, and does not count what was no attempt', async () => {
      const { broker, world } = stage();
      const { child, tasks } = await stage().holder(stage().messages(1));
      await broker.retry(child, tasks[0] ?? NO_TASK, { ...again, inMs: MINUTE_MS, counts: false });
      expect(await stage().state(tasks[0]?.message ?? '')).toBe('scheduled');
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      const { tasks: next } = await stage().claim(await stage().child());
      expect(next.map(({ message }) => countersOf(message).failures)).toEqual([0]);
    });

    it('happens once for each attempt, and only to what is held', async () => {
      const { broker } = stage();
      const { child, tasks } = await stage().holder(stage().messages(1));
      const [task = NO_TASK] = tasks;
      await broker.retry(child, task, again);
      expect(await broker.retry(child, task, again)).toBe(false);
      await stage().claim(child);
      expect(await broker.retry(child, task, again)).toBe(false);
      expect(await broker.retry(child, task, { ...again, failures: 1 })).toBe(true);
    });

    it('keeps the last twenty lines of the history', async () => {
      const { broker } = stage();
      const { child, tasks } = await stage().holder(stage().messages(1));
      const [task = NO_TASK] = tasks;
      for (let failures = 0; failures < 25; failures += 1) {
        await broker.retry(child, task, { ...again, failures, line: `\n{"at":${failures}}` });
        await stage().claim(child);
      }
      const { message = '' } = await broker.locate(task.id);
      expect(message.split('\n').slice(1)).toEqual(Array.from({ length: 20 }, (_, n) => `{"at":${n + 5}}`));
    });
  });

  describe('bury', () => {
    it('keeps the task with its report, counted if it was an attempt', async () => {
      const { broker } = stage();
      const { child, tasks } = await stage().holder(stage().messages(2));
      const [a = NO_TASK, b = NO_TASK] = tasks;
      expect(await broker.bury(child, a, REPORT, LINE)).toBe(true);
      expect(await broker.bury(child, b, REPORT)).toBe(true);
      const [first, second] = await Promise.all([a, b].map(({ id }) => broker.deadLetters.find('default', id)));
      const [report = '', message = '', line] = first?.record.toString().split('\n') ?? [];
      expect(JSON.parse(report)).toEqual(REPORT);
      expect([countersOf(message).failures, line]).toEqual([1, LINE.slice(1)]);
      expect(second?.record.toString()).toBe(`${JSON.stringify(REPORT)}\n${b.message}`);
    });

    it('does nothing to what is not held, or was sent again since', async () => {
      const { broker } = stage();
      const { child, tasks } = await stage().holder(stage().messages(1));
      const [task = NO_TASK] = tasks;
      await broker.retry(child, task, { inMs: 0, failures: 0, line: LINE, counts: true });
      expect(await broker.bury(child, task, REPORT)).toBe(false);
      await stage().claim(child);
      expect(await broker.bury(child, task, REPORT)).toBe(false);
      expect(await broker.bury(child, { id: task.id, queue: 'default' }, REPORT)).toBe(true);
    });
  });

  it('ack ends what the child holds, and nothing else', async () => {
    const { broker } = stage();
    const { child, tasks } = await stage().holder(stage().messages(1));
    const other = await stage().child();
    const ids = tasks.map(({ id }) => id);
    expect(await broker.ack(other, ids)).toBe(0);
    expect(await broker.ack(child, ids)).toBe(1);
    expect(await broker.ack(child, ids)).toBe(0);
  });

  it('tells what lies in the queues, and whether anyone serves them', async () => {
    const { broker } = stage();
    const [head = '', other = ''] = stage().messages(2);
    await broker.enqueue('default', [head, other]);
    await broker.enqueue('default', stage().messages(1), { at: FUTURE });
    await stage().dead(stage().message(), 'bulk');
    const empty = {
      pending: 0,
      scheduled: 0,
      suspects: 0,
      dead: 0,
      head: undefined,
      dueAt: undefined,
      contestants: [],
    };
    expect(await broker.queueStates(['default', 'bulk', 'critical'])).toEqual([
      { ...empty, queue: 'default', pending: 2, scheduled: 1, head, dueAt: FUTURE, served: false },
      { ...empty, queue: 'bulk', dead: 1, served: true },
      { ...empty, queue: 'critical', served: false },
    ]);
  });

  it('takes a queue for served only while a session with a lease has a child', async () => {
    const { broker } = stage();
    const session = await stage().session(['bulk']);
    const served = async (): Promise<unknown> => (await broker.queueStates(['bulk']))[0]?.served;
    expect(await served()).toBe(false);
    const child = await stage().child(['bulk'], session);
    expect(await served()).toBe(true);
    await broker.settle(child, { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '' });
    expect(await served()).toBe(false);
  });
}

const FUTURE = Date.UTC(2100, 0, 1);
const NO_TASK = { id: '', queue: '', message: '' };
const NOTHING_KNOWN = { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '{}' };
const RUN = { id: 'a', attempt: 1, startedAt: 1, durationMs: 1, outcome: 'done' as const, host: 'here', pid: 7 };
