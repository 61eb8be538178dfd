import type { GroupRecord, NewGroup, NewNode } from '../../../src/broker/port/group-port.js';
import { callTags } from '../../../src/message/call-tags.js';
import { TaskIdSequence } from '../../../src/message/task-id.js';
import { decodeMessage, encodeMessage } from '../../../src/message/task-message.js';
import { decodeResult, encodeCancelled, encodeDone, encodeDropped } from '../../../src/message/task-result.js';
import { idOf, LINE, MINUTE_MS, QUEUES, REPORT, type Stage } from './stage.js';

const DAY_MS = 86_400_000;

/** Counts as they are, but those that are 0. */
type Standing = Partial<Omit<GroupRecord, 'id' | 'kind' | 'name' | 'openedAt' | 'deadlineAt' | 'waiting'>>;

/** Names of nodes, each with those it waits for. */
type Shape = Readonly<Record<string, { readonly after?: readonly string[]; readonly policy?: 'fail' | 'end' }>>;

export function groups(stage: () => Stage): void {
  const ids = new TaskIdSequence();
  /** ids of the tasks that were sent, by what a test calls them */
  const called = new Map<string, string>();

  function callback(name: string): { queue: string; message: string } {
    const id = ids.next();
    called.set(id, name);
    return { queue: 'bulk', message: encodeMessage({ id, name, payload: '["$"]', enqueuedAt: 1 }) };
  }

  async function opened(options: Partial<NewGroup> = {}): Promise<string> {
    const id = ids.next();
    await stage().broker.groups.open({
      ...{ id, kind: 'batch', policy: 'fail', name: 'mailing', openedAt: 5, deadlineMs: undefined },
      ...{ done: callback('On.done'), failed: callback('On.failed') },
      ...options,
    });
    return id;
  }

  function member(group: string, name = 'Some.task', number = 0): string {
    const id = ids.next();
    called.set(id, name);
    const tags = callTags(undefined, { seconds: 60, announced: false }, { group, number });
    return encodeMessage({ id, name, payload: '[]', enqueuedAt: 1, tags });
  }

  /** A sealed batch of so many members. */
  async function batchOf(count: number, options: Partial<NewGroup> = {}) {
    const group = await opened(options);
    const messages = Array.from({ length: count }, () => member(group));
    await stage().broker.groups.add(group, 'default', messages);
    await stage().broker.groups.seal(group);
    return { group, messages };
  }

  /** A flow of nodes that are named in their order. */
  async function flowOf(shape: Shape, options: Partial<NewGroup> = {}): Promise<string> {
    const group = await opened({ kind: 'flow', done: undefined, failed: undefined, ...options });
    const names = Object.keys(shape);
    const from = await stage().broker.groups.reserve(group, names.length);
    const nodes = names.map((name, at): NewNode => {
      const waiting = names.flatMap((other, number) => (shape[other]?.after?.includes(name) ? [from + number] : []));
      const policies = waiting.map((number) => shape[names[number - from] as string]?.policy);
      return {
        ...{ number: from + at, name, queue: 'default', message: member(group, name, from + at) },
        ...{ waits: shape[name]?.after?.length ?? 0, policy: shape[name]?.policy ?? 'fail', waiting },
        covered: policies.length > 0 && policies.every((policy) => policy === 'end'),
      };
    });
    expect(await stage().broker.groups.addNodes(group, { nodes, starts: true })).toBe('added');
    return group;
  }

  async function standing(group: string): Promise<Standing | undefined> {
    const [found] = await stage().broker.groups.read([group]);
    if (!found) return undefined;
    const { state, ended, ...rest } = found;
    const counts = (['total', 'done', 'failed', 'dropped', 'cancelled'] as const).filter((count) => rest[count] > 0);
    const culprit = rest.culprit && { culprit: rest.culprit };
    return { state, ended, ...Object.fromEntries(counts.map((count) => [count, rest[count]])), ...culprit };
  }

  /** Runs all that is pending, each to the end that is given for its name, and tends groups. Returns what ran. */
  async function run(ends: Readonly<Record<string, 'die' | 'drop' | 'retry'>> = {}): Promise<string[]> {
    const { claims } = await stage().work();
    const ran: string[] = [];
    for (;;) {
      await stage().broker.promote(100);
      const task = await claims.next();
      if (!task) return ran.sort();
      const name = called.get(task.id) ?? '';
      ran.push(name);
      if (ends[name] === 'die') await claims.bury(task, REPORT, LINE);
      else if (ends[name] === 'retry') {
        await claims.retry(task, { inMs: MINUTE_MS, failures: 0, line: LINE, counts: true });
      } else await claims.done(task, ends[name] === 'drop' ? encodeDropped(new Error('no'), 1) : encodeDone(7));
    }
  }

  async function deaths(queue = 'default') {
    const found = await stage().broker.deadLetters.read(queue, { range: {}, order: 'oldest', limit: 100 });
    return found.entries;
  }

  function idNamed(name: string): string {
    return [...called].find(([, value]) => value === name)?.[0] ?? '';
  }

  async function kept(name: string): Promise<unknown> {
    const id = idNamed(name);
    const [found] = await stage().broker.results.read([id]);
    return found && found !== 'cancelled' ? decodeResult(found.stored, id).kind : found;
  }

  async function nodeStates(group: string): Promise<string[]> {
    const { nodes } = await stage().broker.groups.nodes(group, 0, 100);
    return nodes.map(({ name, state }) => `${name} ${state}`);
  }

  beforeEach(() => called.clear());

  describe('a batch', () => {
    it('of which all members are done sends onDone once, which gets the counts', async () => {
      const { group } = await batchOf(3);
      expect(await standing(group)).toEqual({ state: 'open', ended: false, total: 3 });
      const { claims } = await stage().work();
      for (let left = 3; left > 0; left -= 1) await claims.done(await stage().next(), encodeDone(7));
      await stage().broker.promote(100);
      const sent = await stage().next();
      expect(called.get(sent.id)).toBe('On.done');
      const counts = { total: 3, done: 3, failed: 0, dropped: 0, cancelled: 0, waiting: 0 };
      expect(decodeMessage(sent.message).args).toEqual([{ id: group, name: 'mailing', state: 'done', ...counts }]);
      expect(await run()).toEqual([]);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 3, done: 3 });
    });

    it('sends onDone once it is sealed, though its members ended before', async () => {
      const group = await opened();
      await stage().broker.groups.add(group, 'default', [member(group)]);
      expect(await run()).toEqual(['Some.task']);
      await stage().broker.groups.seal(group);
      await stage().broker.groups.seal(group);
      expect(await run()).toEqual(['On.done']);
    });

    it('counts a member once that is added again, and takes none after its end', async () => {
      const { group, messages } = await batchOf(1);
      await stage().broker.groups.add(group, 'default', messages);
      expect(await standing(group)).toMatchObject({ total: 1 });
      await run();
      expect(await stage().broker.groups.add(group, 'default', [member(group)])).toBe('ended');
      expect(await stage().broker.groups.add(ids.next(), 'default', [member(group)])).toBe('unknown');
    });

    it('with a dead member has failed at once, and goes on when that is redriven', async () => {
      const { group, messages } = await batchOf(2);
      const { claims } = await stage().work();
      await claims.bury(await stage().next(), REPORT, LINE);
      const culprit = {
        id: idOf(messages[0] ?? ''),
        task: 'Some.task',
        how: 'dead',
        code: 'TASK_FAILED',
        error: 'Error: no',
      };
      expect(await standing(group)).toEqual({ state: 'failed', ended: false, total: 2, failed: 1, culprit });
      expect(await run()).toEqual(['On.failed', 'Some.task']);
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: false, done: 1 });
      await stage().broker.deadLetters.redrive('default', await deaths());
      expect(await standing(group)).toEqual({ state: 'open', ended: false, total: 2, done: 1 });
      expect(await run()).toEqual(['On.done', 'Some.task']);
    });

    it('ends as failed when its dead member is deleted, with onDone among the dead', async () => {
      const { group } = await batchOf(2);
      await run({ 'Some.task': 'die' });
      await stage().broker.deadLetters.remove('default', await deaths());
      expect(await run()).toEqual([]);
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: true, failed: 2 });
      const dead = await deaths('bulk');
      expect(dead.map(({ record }) => record.toString())).toEqual([expect.stringContaining('"code":"GROUP_FAILED"')]);
    });

    it('that allows failures sends onDone when all have ended', async () => {
      const group = await opened({ policy: 'end' });
      const all = [member(group, 'A'), member(group, 'B'), member(group, 'C')];
      await stage().broker.groups.add(group, 'default', all);
      await stage().broker.groups.seal(group);
      expect(await run({ A: 'die', B: 'drop' })).toEqual(['A', 'B', 'C', 'On.done']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 3, done: 1, failed: 1, dropped: 1 });
    });

    it('counts members that were dropped and cancelled, and has failed', async () => {
      const group = await opened();
      const all = [member(group, 'A'), member(group, 'B'), member(group, 'C')];
      await stage().broker.groups.add(group, 'default', all.slice(0, 2));
      await stage().broker.groups.add(group, 'default', all.slice(2), { due: { in: MINUTE_MS } });
      await stage().broker.groups.seal(group);
      for (const waiting of all.slice(1)) await stage().broker.cancel(idOf(waiting));
      expect(await run({ A: 'drop' })).toEqual(['A', 'On.failed']);
      const culprit = { id: idOf(all[1] ?? ''), task: 'B', how: 'cancelled' };
      expect(await standing(group)).toEqual({
        state: 'failed',
        ended: true,
        total: 3,
        dropped: 1,
        cancelled: 2,
        culprit,
      });
    });

    it('counts a member that was cancelled while it ran, and fails', async () => {
      const { group, messages } = await batchOf(1);
      const claimed = await stage().next();
      await stage().broker.cancel(idOf(messages[0] ?? ''));
      const { claims } = await stage().work();
      await claims.retry(claimed, { inMs: 0, failures: 0, line: LINE, counts: true });
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: true, cancelled: 1 });
    });

    it('counts members that were purged', async () => {
      const { group } = await batchOf(2);
      await stage().broker.places.purge('default', {
        state: 'pending',
        passed: 0,
        task: undefined,
        before: undefined,
        look: 10,
      });
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: true, cancelled: 2 });
    });

    it('waits for a member that is retried', async () => {
      const { group } = await batchOf(1);
      expect(await run({ 'Some.task': 'retry' })).toEqual(['Some.task']);
      expect(await standing(group)).toEqual({ state: 'open', ended: false, total: 1 });
      await stage().world.letTimePass(MINUTE_MS);
      expect(await run()).toEqual(['On.done', 'Some.task']);
    });

    it('that is cancelled sends onFailed, and its members do not start', async () => {
      const { group } = await batchOf(3);
      const running = await stage().next();
      expect(await stage().broker.groups.cancel(group)).toBe('cancelled');
      expect(await stage().broker.groups.cancel(group)).toBe('ended');
      expect(await run()).toEqual(['On.failed']);
      expect(await standing(group)).toMatchObject({ state: 'cancelled', ended: false, cancelled: 2 });
      const { claims } = await stage().work();
      await claims.done(running, encodeCancelled());
      expect(await standing(group)).toMatchObject({ state: 'cancelled', ended: true, cancelled: 3 });
      expect(await stage().broker.groups.cancel(ids.next())).toBe('unknown');
    });

    it('that is cancelled does not wait for its dead members, which run for themselves when they are redriven', async () => {
      const group = await opened();
      await stage().broker.groups.add(group, 'default', [member(group, 'A'), member(group, 'B')]);
      await stage().broker.groups.seal(group);
      await run({ A: 'die', B: 'retry' });
      await stage().broker.groups.cancel(group);
      expect(await standing(group)).toMatchObject({ state: 'cancelled', ended: false, failed: 1 });
      await stage().broker.deadLetters.redrive('default', await deaths());
      expect(await run()).toEqual(['A']);
      await stage().world.letTimePass(MINUTE_MS);
      expect(await run()).toEqual([]);
      expect(await standing(group)).toMatchObject({ state: 'cancelled', ended: true, failed: 1, cancelled: 1 });
    });

    it('has expired after its deadline', async () => {
      const { group } = await batchOf(1, { deadlineMs: MINUTE_MS });
      await run({ 'Some.task': 'retry' });
      await stage().world.letTimePass(MINUTE_MS - 5_000);
      await stage().broker.promote(1);
      expect(await standing(group)).toMatchObject({ state: 'open' });
      await stage().world.letTimePass(5_000);
      expect(await run()).toEqual(['On.failed']);
      expect(await standing(group)).toMatchObject({ state: 'expired', ended: true, cancelled: 1 });
    });

    it('is abandoned when its sender adds nothing for five minutes, and ends with its members', async () => {
      const group = await opened();
      await stage().broker.groups.add(group, 'default', [member(group)]);
      await stage().world.letTimePass(4 * MINUTE_MS);
      await stage().broker.groups.add(group, 'default', []);
      await stage().world.letTimePass(4 * MINUTE_MS);
      await stage().broker.promote(1);
      expect(await standing(group)).toMatchObject({ state: 'open' });
      await stage().world.letTimePass(MINUTE_MS);
      expect(await run()).toEqual(['On.failed', 'Some.task']);
      expect(await standing(group)).toMatchObject({ state: 'abandoned', ended: true, done: 1 });
    });

    it('is forgotten a day after its end', async () => {
      const { group } = await batchOf(1);
      await run();
      await stage().world.letTimePass(DAY_MS - MINUTE_MS);
      await stage().broker.promote(1);
      expect(await standing(group)).toMatchObject({ state: 'done' });
      await stage().world.letTimePass(MINUTE_MS);
      await stage().broker.promote(1);
      expect(await standing(group)).toBeUndefined();
    });
  });

  it('are listed by their opening, the latest first, with their times', async () => {
    const all = [await batchOf(0), await batchOf(1), await batchOf(1)].map(({ group }) => group);
    const open = await opened();
    const { groups } = stage().broker;
    const first = await groups.page(undefined, 2);
    const second = await groups.page(first.places.at(-1), 2);
    expect([first.left, second.left]).toEqual([2, 0]);
    expect([...first.places, ...second.places].map(({ id }) => id)).toEqual([open, ...all.reverse()]);
    const ended = { filling: false, endedAt: expect.any(Number) };
    const [, goesOn] = all;
    expect(await groups.times([open, goesOn ?? '', all[2] ?? '', ids.next()])).toEqual([
      { filling: true, endedAt: undefined },
      { filling: false, endedAt: undefined },
      ended,
      { filling: false, endedAt: undefined },
    ]);
  });

  describe('a flow', () => {
    it('sends each node once those before it are done', async () => {
      const group = await flowOf({ A: {}, B: {}, C: { after: ['A', 'B'] }, D: { after: ['C'] } });
      const { claims } = await stage().work();
      expect(await nodeStates(group)).toEqual(['A ready', 'B ready', 'C waiting', 'D waiting']);
      await claims.done(await stage().next(), encodeDone(7));
      expect(await nodeStates(group)).toEqual(['A done', 'B ready', 'C waiting', 'D waiting']);
      expect(await run()).toEqual(['B', 'C', 'D']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 4, done: 4 });
    });

    it('goes on when its dead node is redriven', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'] } });
      expect(await run({ A: 'die' })).toEqual(['A']);
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: false, failed: 1, culprit: { task: 'A' } });
      expect(await nodeStates(group)).toEqual(['A dead', 'B waiting']);
      await stage().broker.deadLetters.redrive('default', await deaths());
      expect(await run()).toEqual(['A', 'B']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 2, done: 2 });
    });

    it('buries the nodes that wait for one that is deleted, one after the other', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'] }, C: { after: ['B'] } });
      await run({ A: 'die' });
      await stage().broker.deadLetters.remove('default', await deaths());
      expect(await run()).toEqual([]);
      const [dead] = await deaths();
      expect(dead?.record.toString()).toContain('"code":"GROUP_FAILED"');
      expect([await kept('B'), await kept('C')]).toEqual(['failed', undefined]);
      await stage().broker.deadLetters.remove('default', await deaths());
      expect(await run()).toEqual([]);
      await stage().broker.deadLetters.remove('default', await deaths());
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: true, failed: 3, culprit: { task: 'A' } });
    });

    it('lets a buried node run when it is redriven', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'] }, C: { after: ['B'] } });
      expect(await run({ A: 'drop' })).toEqual(['A']);
      expect(await standing(group)).toMatchObject({ state: 'failed', dropped: 1, failed: 1, culprit: { task: 'A' } });
      await stage().broker.deadLetters.redrive('default', await deaths());
      expect(await run()).toEqual(['B', 'C']);
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: true, done: 2, dropped: 1 });
    });

    it('goes on without nodes whose failures are made up for', async () => {
      const group = await flowOf({ A: {}, B: {}, C: { after: ['A', 'B'], policy: 'end' } });
      expect(await run({ A: 'die', B: 'drop' })).toEqual(['A', 'B', 'C']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 3, done: 1, failed: 1, dropped: 1 });
    });

    it('with a dead node goes on where that is made up for, and waits where it is not', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'], policy: 'end' }, C: { after: ['A'] } });
      expect(await run({ A: 'die' })).toEqual(['A', 'B']);
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: false, done: 1, failed: 1 });
      await stage().broker.deadLetters.redrive('default', await deaths());
      expect(await run()).toEqual(['A', 'C']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 3, done: 3 });
    });

    it('that is cancelled ends the nodes that have not started', async () => {
      const group = await flowOf({ A: {}, B: {}, C: { after: ['A', 'B'] } });
      const running = await stage().next();
      await stage().broker.groups.cancel(group);
      expect(await run()).toEqual([]);
      expect(await standing(group)).toMatchObject({ state: 'cancelled', ended: false, cancelled: 2 });
      expect(await nodeStates(group)).toEqual(['A ready', 'B cancelled', 'C cancelled']);
      const { claims } = await stage().work();
      await claims.done(running, encodeDone(7));
      expect(await standing(group)).toEqual({ state: 'cancelled', ended: true, total: 3, done: 1, cancelled: 2 });
      expect(await kept('C')).toMatch('cancelled');
    });

    it('has nodes that are found while they wait, and can be cancelled', async () => {
      const group = await flowOf({
        A: {},
        B: { after: ['A'] },
        C: { after: ['B'] },
        D: { after: ['B'], policy: 'end' },
      });
      const id = idNamed('B');
      expect(await stage().broker.locate(id)).toMatchObject({ state: 'waiting', queue: 'default' });
      expect(await stage().broker.places.find(id, QUEUES)).toMatchObject({ state: 'waiting', queue: 'default' });
      expect(await stage().broker.cancel(id)).toMatchObject({ state: 'waiting' });
      expect(await stage().broker.cancel(id)).toMatchObject({ state: 'cancelled' });
      expect(await run()).toEqual(['A', 'D']);
      expect(await nodeStates(group)).toEqual(['A done', 'B cancelled', 'C dead', 'D done']);
      const counts = { total: 4, done: 2, failed: 1, cancelled: 1 };
      expect(await standing(group)).toMatchObject({ state: 'failed', ended: false, ...counts, culprit: { task: 'B' } });
    });

    it('reaches those that wait for a node that was cancelled before the last ones were added', async () => {
      const group = await opened({ kind: 'flow', done: undefined, failed: undefined });
      await stage().broker.groups.reserve(group, 2);
      const about = { queue: 'default', policy: 'fail', covered: false } as const;
      const first = { ...about, number: 0, name: 'A', waits: 0, waiting: [1], message: member(group, 'A', 0) };
      const second = { ...about, number: 1, name: 'B', waits: 1, waiting: [], message: member(group, 'B', 1) };
      const { groups } = stage().broker;
      expect(await groups.addNodes(group, { nodes: [first], starts: false })).toBe('added');
      await stage().broker.cancel(idOf(first.message));
      expect(await nodeStates(group)).toEqual(['A cancelled']);
      expect(await groups.addNodes(group, { nodes: [second], starts: true })).toBe('added');
      expect(await groups.addNodes(group, { nodes: [second], starts: true })).toBe('added');
      expect(await run()).toEqual([]);
      expect(await nodeStates(group)).toEqual(['A cancelled', 'B dead']);
      expect(await standing(group)).toMatchObject({ state: 'failed', total: 2, failed: 1, cancelled: 1 });
    });

    it('takes no nodes of a node that runs no more, and is no batch', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'] } });
      const { claims } = await stage().work();
      await claims.done(await stage().next(), encodeDone(7));
      const about = { queue: 'default', policy: 'fail', covered: false, waits: 0, waiting: [] } as const;
      const node = { ...about, number: 2, name: 'A1', message: member(group, 'A1', 2) };
      const { groups } = stage().broker;
      expect(await groups.addNodes(group, { nodes: [node], starts: true, behind: 0 })).toBe('ended');
      expect(await groups.add(group, 'default', [member(group)])).toBe('unknown');
      const { group: batch } = await batchOf(1);
      expect(await groups.addNodes(batch, { nodes: [node], starts: true })).toBe('unknown');
    });

    it('lets those that wait for a running node wait for what that adds', async () => {
      const group = await flowOf({ A: {}, B: { after: ['A'] } });
      const running = await stage().next();
      const number = await stage().broker.groups.reserve(group, 1);
      const about = {
        number,
        name: 'A1',
        queue: 'default',
        waits: 0,
        policy: 'fail',
        waiting: [],
        covered: false,
      } as const;
      const node = { ...about, message: member(group, 'A1', number) };
      const adding = { nodes: [node], starts: true, behind: 0 };
      expect(await stage().broker.groups.addNodes(group, adding)).toBe('added');
      expect(await stage().broker.groups.addNodes(group, adding)).toBe('added');
      const { claims } = await stage().work();
      await claims.done(running, encodeDone(7));
      expect(await nodeStates(group)).toEqual(['A done', 'B waiting', 'A1 ready']);
      expect(await run()).toEqual(['A1', 'B']);
      expect(await standing(group)).toEqual({ state: 'done', ended: true, total: 3, done: 3 });
    });

    it('takes no nodes of a running node for which too many would wait', async () => {
      const waiting = Array.from({ length: 101 }, (_, at) => [`B${at}`, { after: ['A'] }] as const);
      const group = await flowOf({ A: {}, ...Object.fromEntries(waiting) });
      await stage().next();
      const from = await stage().broker.groups.reserve(group, 991);
      const about = { queue: 'default', policy: 'fail', covered: false, waits: 0, waiting: [], name: 'A1' } as const;
      const nodes = Array.from({ length: 991 }, (_, at) => {
        return { ...about, number: from + at, message: member(group, 'A1', from + at) };
      });
      const { groups } = stage().broker;
      expect(await groups.addNodes(group, { nodes, starts: true, behind: 0 })).toBe('wide');
      expect(await standing(group)).toEqual({ state: 'open', ended: false, total: 102 });
      expect(await groups.addNodes(group, { nodes: nodes.slice(1), starts: true, behind: 0 })).toBe('added');
      expect(await standing(group)).toEqual({ state: 'open', ended: false, total: 1_092 });
    });
  });
}
