import type { NewGroup } from '../../src/broker/port/group-port.js';
import type { GroupPage } from '../../src/inspector/groups/group-list.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { callback, memberOf, nodesOf, openGroup } from '../support/groups.js';

const BY = { by: 'anna' };
const REPORT = { code: 'TASK_FAILED', error: 'Error: no\nmore of it', host: 'test', pid: 1 };

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = new Inspector(fixture.broker);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const open = (options: Partial<NewGroup> = {}): Promise<string> =>
  openGroup(fixture.broker.groups, fixture.ids.next(), options);

/** So many groups, in the order in which they were opened. */
async function opened(count: number, options: Partial<NewGroup> = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await open(options));
  // in one millisecond they have no order
  for (const [index, id] of ids.entries()) await fixture.redis.zadd('{nestwork}:group-index', index + 1, id);
  return ids;
}

async function flow(next: readonly (readonly number[])[], options: Partial<NewGroup> = {}): Promise<string> {
  const id = await open({ kind: 'flow', name: 'import', ...options });
  await fixture.broker.groups.reserve(id, next.length);
  await fixture.broker.groups.addNodes(id, nodesOf(fixture, id, next));
  return id;
}

/** A batch whose only task is dead. */
async function failed(): Promise<string> {
  const id = await open();
  const message = memberOf(fixture, id);
  await fixture.broker.groups.add(id, 'default', [message]);
  await fixture.broker.groups.seal(id);
  const child = await fixture.child();
  await fixture.claim(child);
  await fixture.broker.bury(child, { id: idOf(message), queue: 'default' }, REPORT, '');
  return id;
}

const idsOf = ({ groups }: GroupPage): string[] => groups.map(({ id }) => id);

describe('a list of batches and flows', () => {
  it('has those first that were opened last, page by page', async () => {
    const ids = await opened(5);
    const first = await inspector.groups.list({ limit: 2 });
    const second = await inspector.groups.list({ limit: 2, cursor: first.cursor ?? '' });
    const third = await inspector.groups.list({ limit: 2, cursor: second.cursor ?? '' });
    expect([first, second, third].flatMap(idsOf)).toEqual([...ids].reverse());
    expect([first, second, third].map(({ looked, left }) => [looked, left])).toEqual([
      [2, 3],
      [2, 1],
      [1, 0],
    ]);
    expect(third.cursor).toBeUndefined();
  });

  it('goes on at its place when groups were opened and forgotten in the meantime', async () => {
    const ids = await opened(4);
    const { cursor = '' } = await inspector.groups.list({ limit: 2 });
    await open();
    expect(idsOf(await inspector.groups.list({ cursor }))).toEqual([ids[1], ids[0]]);
    await fixture.redis.zrem('{nestwork}:group-index', ids[2] as string);
    expect(idsOf(await inspector.groups.list({ cursor }))).toEqual([ids[1], ids[0]]);
    await fixture.redis.flushall();
  });

  it('has only those of a kind or a state', async () => {
    const batch = await open();
    const other = await failed();
    const one = await flow([[]]);
    expect(idsOf(await inspector.groups.list({ kind: 'flow' }))).toEqual([one]);
    expect(idsOf(await inspector.groups.list({ state: 'failed' }))).toEqual([other]);
    expect(idsOf(await inspector.groups.list({ kind: 'batch', state: 'open' }))).toEqual([batch]);
    expect(await inspector.groups.list({ kind: 'flow', state: 'done' })).toEqual({
      groups: [],
      cursor: undefined,
      looked: 3,
      left: 0,
    });
  });

  it('that looks for rare ones ends after 2,000, and goes on from its cursor', async () => {
    const [rare] = await opened(1, { kind: 'flow' });
    const pipeline = fixture.redis.pipeline();
    for (let index = 2; index <= 2_101; index += 1) {
      const id = fixture.ids.next();
      pipeline.hset('{nestwork}:groups', id, 'b fail done 0 0 0 0 0 0 0 0 0');
      pipeline.zadd('{nestwork}:group-index', index, id);
    }
    await pipeline.exec();
    const first = await inspector.groups.list({ kind: 'flow' });
    expect(first).toMatchObject({ groups: [], looked: 2_000, left: 101 });
    const second = await inspector.groups.list({ kind: 'flow', cursor: first.cursor ?? '' });
    expect([idsOf(second), second.cursor]).toEqual([[rare], undefined]);
    await fixture.redis.flushall();
  });

  it.each<[what: string, options: object, names: string]>([
    ['an unknown option', { task: 'x' }, '"task"'],
    ['a kind that is none', { kind: 'chain' }, '`kind`'],
    ['a state that is none', { state: 'active' }, '`state`'],
    ['a limit that is too high', { limit: 1_001 }, '`limit`'],
    ['the cursor of another list', { cursor: 'done-7' }, '`cursor`'],
  ])('is refused with %s', async (_, options, names) => {
    await expect(inspector.groups.list(options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(names),
    });
  });
});

describe('a batch or flow', () => {
  it('is shown with its counts, its times, and whether its sender still adds to it', async () => {
    const openedAt = Date.now();
    const id = await open({ deadlineMs: 60_000, openedAt });
    await fixture.broker.groups.add(id, 'default', [memberOf(fixture, id), memberOf(fixture, id)]);
    expect(await inspector.groups.get(id)).toEqual({
      ...{ id, kind: 'batch', name: 'mailing', state: 'open', ended: false, filling: true },
      ...{ total: 2, done: 0, failed: 0, dropped: 0, cancelled: 0, waiting: 2 },
      ...{ openedAt: new Date(openedAt), deadlineAt: new Date(openedAt + 60_000), endedAt: undefined },
    });
    await fixture.broker.groups.seal(id);
    expect(await inspector.groups.get(id)).toMatchObject({ filling: false });
  });

  it('that has ended has the time of its end', async () => {
    const id = await open();
    await fixture.broker.groups.seal(id);
    const { endedAt, ...rest } = (await inspector.groups.get(id)) ?? {};
    expect(rest).toMatchObject({ state: 'done', ended: true });
    expect(Math.abs((endedAt?.getTime() ?? 0) - (await fixture.now()))).toBeLessThan(10_000);
  });

  it('that has failed has its culprit', async () => {
    const culprit = { task: 'Some.task', how: 'dead', code: 'TASK_FAILED' };
    expect(await inspector.groups.get(await failed())).toMatchObject({ state: 'failed', ended: false, culprit });
  });

  it('that never was is undefined, and an id that is none is refused', async () => {
    expect(await inspector.groups.get(fixture.ids.next())).toBeUndefined();
    await expect(inspector.groups.get('7')).rejects.toMatchObject({ code: 'INVALID_TASK_ID' });
  });

  it('is cancelled once, which is recorded with the name of who did it', async () => {
    const batch = await open({ failed: callback(fixture, 'On.failed') });
    const one = await flow([[1], []]);
    expect(await inspector.groups.cancel(batch, BY)).toBe(true);
    expect(await inspector.groups.cancel(batch, BY)).toBe(false);
    expect(await inspector.groups.cancel(one, BY)).toBe(true);
    expect(await inspector.groups.get(batch)).toMatchObject({ state: 'cancelled' });
    const actions = await inspector.actions.list();
    expect(actions.map(({ by, action, subject }) => [by, action, subject])).toEqual([
      ['anna', 'cancel-flow', one],
      ['anna', 'cancel-batch', batch],
    ]);
  });

  it('that never was cannot be cancelled, and nothing is recorded', async () => {
    await expect(inspector.groups.cancel(fixture.ids.next(), BY)).rejects.toMatchObject({ code: 'GROUP_UNKNOWN' });
    await expect(inspector.groups.cancel(fixture.ids.next(), { by: '' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    expect(await inspector.actions.list()).toEqual([]);
  });
});

describe('the tasks of a flow', () => {
  it('are shown by their numbers, with those that wait for them', async () => {
    const id = await flow([[2], [2], []]);
    const { nodes, cursor } = await inspector.groups.nodes(id);
    expect(nodes).toMatchObject([
      { number: 0, task: 'Some.task0', queue: 'default', state: 'sent', waitsFor: 0, next: [2] },
      { number: 1, task: 'Some.task1', queue: 'default', state: 'sent', waitsFor: 0, next: [2] },
      { number: 2, task: 'Some.task2', queue: 'default', state: 'waiting', waitsFor: 2, next: [] },
    ]);
    expect(cursor).toBeUndefined();
  });

  it('are read page by page', async () => {
    const id = await flow([[], [], []]);
    const first = await inspector.groups.nodes(id, { limit: 2 });
    const second = await inspector.groups.nodes(id, { limit: 2, cursor: first.cursor ?? '' });
    expect([first, second].map(({ nodes }) => nodes.map(({ number }) => number))).toEqual([[0, 1], [2]]);
    expect(second.cursor).toBeUndefined();
  });

  it('have the error of a dead one, and show one that was deleted', async () => {
    const id = await flow([[1], []]);
    const child = await fixture.child();
    const [task] = (await fixture.claim(child)).tasks;
    await fixture.broker.bury(child, { id: task?.id ?? '', queue: 'default' }, REPORT, '');
    expect((await inspector.groups.nodes(id)).nodes).toMatchObject([
      { state: 'dead', code: 'TASK_FAILED', error: 'Error: no' },
      { state: 'waiting', waitsFor: 1, code: undefined },
    ]);
    await inspector.dead.delete(task?.id ?? '');
    expect((await inspector.groups.nodes(id)).nodes).toMatchObject([{ state: 'deleted' }, { state: 'failing' }]);
    await fixture.broker.groups.tend();
    expect((await inspector.groups.nodes(id)).nodes).toMatchObject([
      { state: 'deleted' },
      { state: 'dead', code: 'GROUP_FAILED' },
    ]);
  });

  it('are not known of a batch, or of a flow that never was', async () => {
    for (const id of [await open(), fixture.ids.next()])
      await expect(inspector.groups.nodes(id)).rejects.toMatchObject({ code: 'GROUP_UNKNOWN' });
  });

  it.each<[what: string, options: object, names: string]>([
    ['an unknown option', { state: 'dead' }, '"state"'],
    ['a limit of nothing', { limit: 0 }, '`limit`'],
    ['the cursor of another list', { cursor: '7' }, '`cursor`'],
  ])('are refused with %s', async (_, options, names) => {
    await expect(inspector.groups.nodes(fixture.ids.next(), options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(names),
    });
  });
});
