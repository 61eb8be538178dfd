import type { ChildExit } from '../../../../src/broker/port/broker.js';
import { appTasks } from '../../../../src/task/app-tasks.js';
import { countersOf, idOf, LEASE_MS, LINE, MINUTE_MS, type RedisStage } from '../stage.js';

function childExit(given: Partial<ChildExit>): ChildExit {
  return { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: LINE, report: '{"code":"CRASHED"}', ...given };
}

const NONE = { released: 0, crashed: 0, quarantined: 0, dead: 0, timedOut: 0 };

export function supervising(stage: () => RedisStage): void {
  describe('a session', () => {
    it('registers children, and ends when no child is left', async () => {
      const { broker } = stage();
      expect(await broker.register('gone-30000', 'child')).toBe(false);
      const child = await stage().child();
      expect(await broker.register(child.session, child.child)).toBe(true);
      expect(await broker.closeSession(child.session)).toBe(false);
      await broker.settle(child, childExit({}));
      expect(await broker.closeSession(child.session)).toBe(true);
      expect(await broker.renew(child.session, LEASE_MS)).toBe(false);
    });

    it('keeps the claim number of a child that is registered twice', async () => {
      const { broker } = stage();
      const child = await stage().child();
      await stage().claim(child);
      await broker.register(child.session, child.child);
      expect(await broker.holdings(child)).toEqual({ claimNumber: 1, ids: [] });
    });

    it('is listed with its worker while its lease runs, and with its app only when the app has a name', async () => {
      const { broker, world } = stage();
      const app = appTasks('@acme/shop', ['default', 'bulk'], [{ name: 'Mail.send', queue: 'bulk' }]);
      const worker = { session: `named-${LEASE_MS}`, leaseMs: LEASE_MS, host: 'there', pid: 9, catalog: [] };
      const limits = [{ name: 'stripe', concurrency: 5, keyed: true, ordered: false }];
      await broker.openSession({ ...worker, queues: ['default', 'bulk'], app, limits });
      await stage().session(['default']);
      const workers = await broker.liveWorkers();
      expect(workers.sort((a, b) => a.pid - b.pid)).toEqual([
        { host: 'here', pid: 7, queues: ['default'], app: undefined, crons: [], limits: [] },
        { host: 'there', pid: 9, queues: ['default', 'bulk'], app, crons: [], limits },
      ]);
      await world.letTimePass(LEASE_MS + MINUTE_MS);
      expect(await broker.liveWorkers()).toEqual([]);
    });

    it('contests a queue with the session of another app that has other tasks there, once both have children', async () => {
      const { broker } = stage();
      const queues = ['default', 'bulk'];
      const worker = { leaseMs: LEASE_MS, queues, host: 'there', pid: 9, catalog: [] };
      for (const name of ['shop', 'blog']) {
        const tasks = [`${name}.task`, 'Shared.task'].map((task, index) => ({
          name: task,
          queue: queues[index] ?? '',
        }));
        const session = `${name}-${LEASE_MS}`;
        await broker.openSession({ ...worker, session, app: appTasks(name, queues, tasks) });
        expect((await broker.queueStates(['default']))[0]?.contestants).toEqual([]);
        await broker.register(session, `${session}.1`);
      }
      const states = await broker.queueStates(queues);
      expect(states.map(({ contestants }) => contestants)).toEqual([['blog', 'shop'], []]);
    });

    it('is reaped when its lease has run out, and its tasks go back to the head', async () => {
      const { broker, world } = stage();
      const messages = stage().messages(2);
      const { child } = await stage().holder(messages);
      await broker.enqueue('default', stage().messages(1));
      expect(await broker.overdue(LEASE_MS)).toMatchObject({ sessions: [] });
      expect(await broker.reap(child.session, LEASE_MS)).toBeUndefined();
      await world.letTimePass(LEASE_MS);
      expect((await broker.overdue(LEASE_MS)).sessions).toEqual([child.session]);
      expect(await broker.reap(child.session, LEASE_MS)).toBe(2);
      expect(await broker.reap(child.session, LEASE_MS)).toBeUndefined();
      await expect(broker.ack(child, [])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect((await stage().claimed()).slice(0, 2)).toEqual(messages.map(idOf));
    });

    it('lives as long as it is renewed', async () => {
      const { broker, world } = stage();
      const session = await stage().session();
      await world.letTimePass(LEASE_MS - 5_000);
      expect(await broker.renew(session, LEASE_MS)).toBe(true);
      await world.letTimePass(LEASE_MS - 5_000);
      const { sessions, nextInMs = 0 } = await broker.overdue(LEASE_MS);
      expect(sessions).toEqual([]);
      expect(nextInMs).toBeGreaterThan(0);
      expect(nextInMs).toBeLessThanOrEqual(5_000);
    });

    it('is not reaped after a time in which no supervisor could renew', async () => {
      const { broker, world } = stage();
      const session = await stage().session();
      await world.fallSilent(2 * LEASE_MS);
      expect(await broker.overdue(LEASE_MS)).toMatchObject({ sessions: [] });
      expect(await broker.reap(session, LEASE_MS)).toBeUndefined();
    });
  });

  describe('settle', () => {
    it('releases the tasks that were not started, the oldest first', async () => {
      const messages = stage().messages(3);
      const { child } = await stage().holder(messages);
      expect(await stage().broker.settle(child, childExit({}))).toEqual({ ...NONE, released: 3 });
      expect(await stage().claimed()).toEqual(messages.map(idOf));
      await expect(stage().broker.settle(child, childExit({}))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });

    it('quarantines the one task that ran, which is dead at its last crash', async () => {
      const { broker } = stage();
      const [guilty = '', innocent = ''] = stage().messages(2);
      const { child } = await stage().holder([guilty, innocent]);
      expect(await broker.settle(child, childExit({ blamed: [idOf(guilty)] }))).toEqual({
        ...NONE,
        crashed: 1,
        released: 1,
      });
      const next = await stage().child();
      const { tasks } = await stage().claim(next);
      expect(tasks.map(({ id, message }) => [id, countersOf(message).crashes])).toEqual([[idOf(guilty), 1]]);
      const last = await broker.settle(next, childExit({ blamed: [idOf(guilty)], maxCrashes: 2 }));
      expect(last).toEqual({ ...NONE, dead: 1 });
      expect([await stage().state(guilty), await stage().state(innocent)]).toEqual(['dead', 'pending']);
      const grave = await broker.deadLetters.find('default', idOf(guilty));
      expect(grave?.record.toString()).toMatch(/^\{"code":"CRASHED"\}\n/);
    });

    it('quarantines each of several tasks, and a claim takes them one at a time for children that hold nothing', async () => {
      const { broker } = stage();
      const messages = stage().messages(2);
      const ids = messages.map(idOf);
      const { child } = await stage().holder(messages);
      expect(await broker.settle(child, childExit({ blamed: ids }))).toEqual({ ...NONE, quarantined: 2 });
      await broker.enqueue('default', stage().messages(1));
      const next = await stage().child(['default']);
      const first = await stage().claim(next);
      expect(first.tasks.map(({ id, message }) => [id, countersOf(message).suspicions])).toEqual([[ids[0], 1]]);
      expect(await stage().claim(next)).toMatchObject({ drain: true, tasks: [] });
      // another child passes it over as long as that one drains
      const busy = await stage().child(['critical', 'default']);
      const [urgent = ''] = stage().messages(1);
      await broker.enqueue('critical', [urgent]);
      expect((await stage().claim(busy, 1)).tasks).toHaveLength(1);
      expect((await stage().claim(busy)).tasks).toHaveLength(1);
      await broker.ack(next, [ids[0] ?? '']);
      expect((await stage().claim(next)).tasks.map(({ id }) => id)).toEqual([ids[1]]);
    });

    it('ends finished tasks, and retries or buries tasks that ran out of time', async () => {
      const { broker, world } = stage();
      const messages = stage().messages(4);
      const [done = '', now = '', later = '', dead = ''] = messages.map(idOf);
      const { child } = await stage().holder(messages);
      const late = { line: LINE, report: '{"code":"HARD_TIMEOUT"}' };
      const timedOut = [
        { ...late, id: done, retryInMs: 0 },
        { ...late, id: now, retryInMs: 0 },
        { ...late, id: later, retryInMs: MINUTE_MS },
        { ...late, id: dead, retryInMs: -1 },
      ];
      const settlement = await broker.settle(child, childExit({ done: [done], timedOut }));
      expect(settlement).toEqual({ ...NONE, timedOut: 2, dead: 1 });
      const states = await Promise.all(messages.map((message) => stage().state(message)));
      expect(states).toEqual(['unknown', 'pending', 'scheduled', 'dead']);
      await world.letTimePass(MINUTE_MS);
      await broker.promote(10);
      const { tasks } = await stage().claim(await stage().child());
      expect(tasks.map(({ message }) => countersOf(message).failures)).toEqual([1, 1]);
    });

    it('buries a claim of a queue that the worker does not serve', async () => {
      const [message = ''] = stage().messages(1);
      const { child } = await stage().holder([message]);
      expect(await stage().broker.settle({ ...child, queues: ['bulk'] }, childExit({}))).toMatchObject({ released: 0 });
      const { entries } = await stage().broker.deadLetters.read('bulk', { range: {}, order: 'oldest', limit: 10 });
      expect(entries.map(({ record }) => record.toString())).toEqual([expect.stringContaining(message)]);
    });
  });

  it('purge removes dead tasks by age and by number, the oldest first, up to its limit', async () => {
    const { broker, world } = stage();
    const left = async (): Promise<string[]> => {
      const { entries } = await broker.deadLetters.read('default', { range: {}, order: 'oldest', limit: 100 });
      return entries.map(({ id }) => id);
    };
    const old = (await stage().deaths(3)).map(({ id }) => id);
    await world.letTimePass(MINUTE_MS);
    const young = (await stage().deaths(2)).map(({ id }) => id);
    expect(await broker.deadLetters.purge('default', {}, 10)).toBe(0);
    expect(await broker.deadLetters.purge('default', { retentionMs: MINUTE_MS / 2 }, 2)).toBe(2);
    expect(await left()).toEqual([...old.slice(2), ...young]);
    expect(await broker.deadLetters.purge('default', { retentionMs: MINUTE_MS / 2 }, 10)).toBe(1);
    expect(await broker.deadLetters.purge('default', { most: 1 }, 10)).toBe(1);
    expect(await left()).toEqual(young.slice(1));
  });
}
