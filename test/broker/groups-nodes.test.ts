/** Tasks that wait for others of their flow: found and cancelled like all others, though they are in no queue. */
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { memberOf, nodesOf, openGroup } from '../support/groups.js';

const QUEUES = ['default', 'bulk'];

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

interface Sent {
  readonly flow: string;
  readonly ids: readonly string[];
}

/** A flow of which all is sent. @param next of each node, the numbers of those that wait for it */
async function flowOf(next: readonly (readonly number[])[], ends: readonly number[] = []): Promise<Sent> {
  const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow' });
  await fixture.broker.groups.reserve(flow, next.length);
  const { nodes } = nodesOf(fixture, flow, next, (number) => (ends.includes(number) ? 'end' : 'fail'));
  await fixture.broker.groups.addNodes(flow, { nodes, starts: true });
  return { flow, ids: nodes.map(({ message }) => idOf(message)) };
}

async function states(flow: string): Promise<string[]> {
  const { nodes } = await fixture.broker.groups.nodes(flow, 0, 1_000);
  return nodes.map(({ state }) => state);
}

async function recordOf(flow: string) {
  const [record] = await fixture.broker.groups.read([flow]);
  return record;
}

const cancel = (id: string | undefined) => fixture.call('cancel-node', { id: id ?? '', queues: QUEUES, answering: [] });

/** Ends all that comes from the queue, until nothing comes. */
async function run(): Promise<string[]> {
  const child = await fixture.child();
  const ran: string[] = [];
  for (;;) {
    await fixture.broker.groups.tend();
    const { tasks } = await fixture.claim(child);
    if (tasks.length === 0) return ran;
    for (const { id } of tasks) await fixture.broker.results.finish(child, [{ id, result: 'd[1]', inGroup: true }]);
    ran.push(...tasks.map(({ id }) => id));
  }
}

async function deadCodes(): Promise<[id: string, report: string][]> {
  const { entries } = await fixture.broker.deadLetters.read('default', { range: {}, order: 'oldest', limit: 10 });
  return entries.map(({ id, record }) => [id, record.toString().split('\n')[0] ?? '']);
}

describe('a task that waits for others of its flow', () => {
  it('is found by its id, with the queue to which it will come, also by those who look at it', async () => {
    const { ids } = await flowOf([[1], []]);
    const found = { state: 'waiting', queue: 'default', message: expect.stringContaining('Some.task1') };
    expect(await fixture.broker.locate(ids[1] ?? '')).toEqual(found);
    expect(await fixture.broker.places.find(ids[1] ?? '', QUEUES)).toEqual(found);
    expect(await fixture.broker.locate(ids[0] ?? '')).toMatchObject({ state: 'pending' });
    await run();
  });

  it('is not found under the id of a batch or flow', async () => {
    const { flow } = await flowOf([[]]);
    expect(await fixture.broker.locate(flow)).toEqual({ state: 'unknown' });
    expect(await fixture.broker.cancel(flow)).toEqual({ state: 'unknown' });
    expect(await cancel(flow)).toBe(0);
    expect(await states(flow)).toEqual(['ready']);
    await run();
  });

  it('is cancelled once and counts once, and what waits for it is dead with GROUP_FAILED', async () => {
    const { flow, ids } = await flowOf([[1], [2], []]);
    expect(await fixture.broker.cancel(ids[1] ?? '')).toMatchObject({ state: 'waiting', queue: 'default' });
    expect(await cancel(ids[1])).toBe(0);
    expect(await fixture.broker.cancel(ids[1] ?? '')).toMatchObject({ state: 'cancelled' });
    await fixture.broker.groups.tend();
    expect(await deadCodes()).toEqual([[ids[2], expect.stringContaining('GROUP_FAILED')]]);
    expect(await states(flow)).toEqual(['ready', 'cancelled', 'dead']);
    const culprit = { id: ids[1], task: 'Some.task1', how: 'cancelled' };
    expect(await recordOf(flow)).toMatchObject({ state: 'failed', cancelled: 1, failed: 1, waiting: 1, culprit });
    expect(await run()).toEqual([ids[0]]);
    expect(await states(flow)).toEqual(['done', 'cancelled', 'dead']);
  });

  it('that is cancelled lets those go on that go on without it', async () => {
    const { flow, ids } = await flowOf([[1], [2], [3], []], [2]);
    await fixture.broker.cancel(ids[1] ?? '');
    expect(await run()).toEqual([ids[0], ids[2], ids[3]]);
    expect(await recordOf(flow)).toMatchObject({ state: 'done', ended: true, done: 3, cancelled: 1 });
  });

  it('that is cancelled is counted among the ends of its queue, and those who wait for its result get that', async () => {
    const { ids } = await flowOf([[1], []]);
    await fixture.broker.cancel(ids[1] ?? '');
    expect(await fixture.redis.hgetall('{nestwork}:endings')).toEqual({ 'default other cancelled': '1' });
    expect(await fixture.broker.results.read([ids[1] ?? ''])).toEqual(['cancelled']);
    await run();
  });

  it('that is cancelled is announced to the process that sent it', async () => {
    const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow' });
    await fixture.broker.groups.reserve(flow, 2);
    const { nodes } = nodesOf(fixture, flow, [[1], []]);
    const message = memberOf(fixture, flow, { number: 1, seconds: 60, announced: true });
    const announced = nodes.map((node) => (node.number === 1 ? { ...node, message } : node));
    await fixture.broker.groups.addNodes(flow, { nodes: announced, starts: true });
    const ended = fixture.broker.results.ended(message.slice(0, 12), 5_000);
    await fixture.broker.cancel(idOf(message));
    expect(await ended).toMatchObject([{ id: idOf(message) }]);
    await run();
  });

  it('is cancelled though Redis takes no more data', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    expect(await fixture.whenFull(() => cancel(ids[1]))).toBe(1);
    expect(await states(flow)).toEqual(['ready', 'cancelled']);
    await run();
  });

  it('is not cancelled while a key has the value of another program', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await fixture.redis.set('{nestwork}:cancelled', 'x');
    await expect(cancel(ids[1])).rejects.toThrow('{nestwork}:cancelled');
    await fixture.redis.del('{nestwork}:cancelled');
    expect(await states(flow)).toEqual(['ready', 'waiting']);
    expect(await fixture.broker.locate(ids[1] ?? '')).toMatchObject({ state: 'waiting' });
    await run();
  });

  it('that is cancelled as the last one ends its flow', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await fixture.broker.cancel(ids[1] ?? '');
    await run();
    expect(await recordOf(flow)).toMatchObject({ state: 'failed', ended: true, done: 1, cancelled: 1 });
  });

  it('that is cancelled in a flow that was cancelled counts once', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await fixture.broker.groups.cancel(flow);
    await fixture.broker.cancel(ids[1] ?? '');
    await fixture.broker.groups.tend();
    expect(await recordOf(flow)).toMatchObject({ state: 'cancelled', cancelled: 1, waiting: 1 });
  });

  it('that is cancelled while its flow is still being added reaches those that wait for it when that begins', async () => {
    const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow' });
    await fixture.broker.groups.reserve(flow, 5);
    const { nodes } = nodesOf(fixture, flow, [[1, 2, 4], [3], [4], [], []], (number) =>
      number === 4 ? 'end' : 'fail',
    );
    const ids = nodes.map(({ message }) => idOf(message));
    await fixture.broker.groups.addNodes(flow, { nodes: nodes.slice(0, 3), starts: false });
    expect(await fixture.broker.cancel(ids[1] ?? '')).toMatchObject({ state: 'waiting' });
    expect(await fixture.broker.cancel(ids[2] ?? '')).toMatchObject({ state: 'waiting' });
    await fixture.broker.groups.addNodes(flow, { nodes: nodes.slice(3), starts: true });
    await fixture.broker.groups.tend();
    expect(await states(flow)).toEqual(['ready', 'cancelled', 'cancelled', 'dead', 'waiting']);
    expect(await run()).toEqual([ids[0], ids[4]]);
    expect(await states(flow)).toEqual(['done', 'cancelled', 'cancelled', 'dead', 'done']);
  });

  it('that is cancelled before the start of a wide flow has come to it reaches those that wait for it once', async () => {
    // the start looks at 200 at a time, and leaves the rest to a promoter
    const wide: number[][] = Array.from({ length: 250 }, () => []);
    wide[0] = [248];
    wide[248] = [249];
    wide[1] = [249];
    const { flow, ids } = await flowOf(wide, [249]);
    await fixture.broker.cancel(ids[248] ?? '');
    await fixture.broker.groups.tend();
    // it still waits for another one
    expect((await states(flow)).slice(248)).toEqual(['cancelled', 'waiting']);
    await run();
    expect((await states(flow)).slice(248)).toEqual(['cancelled', 'done']);
    expect(await recordOf(flow)).toMatchObject({ ended: true, done: 249, cancelled: 1 });
  });
});
