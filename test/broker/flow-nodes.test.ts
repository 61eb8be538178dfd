import type { Claimant, DeathReport } from '../../src/broker/port/broker.js';
import type { NewNode } from '../../src/broker/port/group-port.js';
import { callTags } from '../../src/message/call-tags.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeDone } from '../../src/message/task-result.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };
const LINE = '\n{"at":1,"attempt":1,"code":"TASK_FAILED"}';
const TAG = '{nestwork}:';
const ALL = { range: {}, order: 'oldest', limit: 1_000 } as const;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A node: those that it waits for, and what a failure of one means. */
type Spec = readonly [waitsFor: readonly number[], policy?: 'fail' | 'end'];

interface TestFlow {
  readonly id: string;
  readonly ids: readonly string[];
  readonly child: Claimant;
}

let sent = 0;
function messageOf(group: string, number: number, seconds?: number): string {
  sent += 1;
  const tags = callTags(undefined, { seconds, announced: false }, { group, number });
  const id = `callback${String(sent).padStart(12, '0')}`;
  return encodeMessage({ id, name: 'Some.task', payload: '[]', enqueuedAt: 1, tags });
}

function nodesOf(group: string, specs: readonly Spec[], { base = 0, queue = 'default', seconds = 60 } = {}): NewNode[] {
  return specs.map(([waitsFor, policy = 'fail'], at) => {
    const waiting = specs.flatMap(([others], other) => (others.includes(at) ? [base + other] : []));
    const covered = waiting.length > 0 && waiting.every((other) => specs[other - base]?.[1] === 'end');
    const message = messageOf(group, base + at, seconds);
    return { number: base + at, name: 'Some.task', queue, message, waits: waitsFor.length, policy, waiting, covered };
  });
}

async function opened({ deadlineMs }: { deadlineMs?: number } = {}): Promise<string> {
  const id = fixture.ids.next();
  const common = { name: 'import', openedAt: 5, deadlineMs, done: undefined, failed: undefined };
  await fixture.broker.groups.open({ id, kind: 'flow', policy: 'fail', ...common });
  return id;
}

async function flowOf(...specs: Spec[]): Promise<TestFlow> {
  const id = await opened();
  await fixture.broker.groups.reserve(id, specs.length);
  const nodes = nodesOf(id, specs);
  await fixture.broker.groups.addNodes(id, { nodes, starts: true });
  return { id, ids: nodes.map(({ message }) => idOf(message)), child: await fixture.child() };
}

/** The numbers of the nodes that come from the queue now. */
async function started({ child, ids }: TestFlow, most = 1_000): Promise<number[]> {
  const { tasks } = await fixture.claim(child, most);
  return tasks.map(({ id }) => ids.indexOf(id));
}

const end = ({ child, ids }: TestFlow, number: number, result = encodeDone(number)): Promise<number> =>
  fixture.broker.results.finish(child, [{ id: ids[number] as string, result, inGroup: true }]);
const bury = ({ child, ids }: TestFlow, number: number): Promise<boolean> =>
  fixture.broker.bury(child, { id: ids[number] as string, queue: 'default' }, REPORT, LINE);

async function statusOf({ id }: Pick<TestFlow, 'id'>) {
  const [record] = await fixture.broker.groups.read([id]);
  return record;
}

async function states({ id }: Pick<TestFlow, 'id'>): Promise<string[]> {
  const { nodes } = await fixture.broker.groups.nodes(id, 0, 50);
  return nodes.map(({ state }) => state);
}

async function dead(): Promise<string[]> {
  await fixture.broker.groups.tend();
  const { entries } = await fixture.broker.deadLetters.read('default', ALL);
  return entries.map(({ id }) => id);
}

async function redrive(): Promise<void> {
  const { entries } = await fixture.broker.deadLetters.read('default', ALL);
  await fixture.broker.deadLetters.redrive('default', entries);
}

describe('a node of a flow', () => {
  it('starts when all that it waits for are done, and not before', async () => {
    const flow = await flowOf([[]], [[]], [[0, 1]], [[2]]);
    expect(await started(flow)).toEqual([0, 1]);
    await end(flow, 0);
    expect(await started(flow)).toEqual([]);
    await end(flow, 0);
    await end(flow, 1);
    expect(await started(flow)).toEqual([2]);
    expect(await states(flow)).toEqual(['done', 'done', 'ready', 'waiting']);
    await end(flow, 2);
    expect(await started(flow)).toEqual([3]);
    await end(flow, 3);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', ended: true, total: 4, done: 4 });
  });

  it('has waited since it was released: its time in the queue begins there', async () => {
    const flow = await flowOf([[]], [[0]]);
    await started(flow);
    const before = await fixture.now();
    await end(flow, 0);
    const [message = ''] = await fixture.redis.lrange(`${TAG}queue:default`, 0, -1);
    expect(Number.parseInt(message.slice(25, 34), 36)).toBeGreaterThanOrEqual(before);
    await started(flow);
    await end(flow, 1);
  });

  it('waits for a dead one, and starts when that is redriven and done', async () => {
    const flow = await flowOf([[]], [[0]]);
    await started(flow);
    await bury(flow, 0);
    expect(await dead()).toEqual([flow.ids[0]]);
    expect(await statusOf(flow)).toMatchObject({ state: 'failed', ended: false, failed: 1, waiting: 1 });
    await redrive();
    expect(await statusOf(flow)).toMatchObject({ state: 'open', failed: 0, culprit: undefined });
    expect(await started(flow)).toEqual([0]);
    await end(flow, 0);
    expect(await started(flow)).toEqual([1]);
    await end(flow, 1);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', done: 2 });
  });

  it('is dead when the dead one that it waits for is deleted, and so is what waits for it, then', async () => {
    const flow = await flowOf([[]], [[0]], [[1]]);
    await started(flow);
    await bury(flow, 0);
    for (const number of [0, 1, 2]) {
      expect(await dead()).toEqual([flow.ids[number]]);
      const { entries } = await fixture.broker.deadLetters.read('default', ALL);
      await fixture.broker.deadLetters.remove('default', entries);
    }
    expect(await statusOf(flow)).toMatchObject({
      state: 'failed',
      ended: true,
      failed: 3,
      culprit: { id: flow.ids[0] },
    });
    expect(await states(flow)).toEqual(['deleted', 'deleted', 'deleted']);
  });

  it.each([
    ['dropped', 'x{"error":"no","attempts":1}'],
    ['cancelled', 'c'],
  ])('is dead at once when one that it waits for is %s', async (how, result) => {
    const flow = await flowOf([[]], [[]], [[0, 1]]);
    await started(flow);
    await end(flow, 0, result);
    expect(await dead()).toEqual([flow.ids[2]]);
    const kept = await fixture.redis.get(`${TAG}result:${flow.ids[2]}`);
    expect(kept).toContain('GROUP_FAILED');
    await end(flow, 1);
    expect(await statusOf(flow)).toMatchObject({ state: 'failed', failed: 1, done: 1, [how]: 1, culprit: { how } });
  });

  it('with the policy `end` starts when all have ended, and the flow has not failed', async () => {
    const flow = await flowOf([[]], [[]], [[]], [[0, 1, 2], 'end']);
    await started(flow);
    await bury(flow, 0);
    await end(flow, 1, 'x{"error":"no","attempts":1}');
    expect(await statusOf(flow)).toMatchObject({ state: 'open', culprit: undefined });
    await end(flow, 2);
    expect(await started(flow)).toEqual([3]);
    await end(flow, 3);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', ended: true, failed: 1, dropped: 1, done: 2 });
  });

  it('is reached once by one that died, was redriven, and is done', async () => {
    const flow = await flowOf([[]], [[0], 'end'], [[0]], [[]], [[0, 3], 'end']);
    await started(flow);
    await bury(flow, 0);
    expect(await started(flow)).toEqual([1]);
    expect(await statusOf(flow)).toMatchObject({ state: 'failed' });
    await redrive();
    expect(await started(flow)).toEqual([0]);
    await bury(flow, 0);
    await redrive();
    expect(await started(flow)).toEqual([0]);
    await end(flow, 0);
    expect(await started(flow)).toEqual([2]);
    await end(flow, 3);
    expect(await started(flow)).toEqual([4]);
    for (const number of [1, 2, 4]) await end(flow, number);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', done: 5, failed: 0 });
  });

  it('that is redriven after its flow has ended runs on its own', async () => {
    const flow = await flowOf([[]], [[0], 'end']);
    await started(flow);
    await bury(flow, 0);
    await started(flow);
    await end(flow, 1);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', ended: true, failed: 1 });
    await redrive();
    const [message = ''] = await fixture.redis.lrange(`${TAG}queue:default`, 0, -1);
    expect(message.slice(34, 36)).toBe('r0');
    expect(message).not.toContain(flow.id);
    await started(flow);
    await end(flow, 0);
    expect(await statusOf(flow)).toMatchObject({ failed: 1, done: 1 });
  });

  it('goes to its queue though no worker serves that', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 2);
    const [first, second] = nodesOf(id, [[[]], [[0]]]) as [NewNode, NewNode];
    const nodes = [first, { ...second, queue: 'elsewhere' }];
    await fixture.broker.groups.addNodes(id, { nodes, starts: true });
    const flow = { id, ids: nodes.map(({ message }) => idOf(message)), child: await fixture.child() };
    await started(flow);
    await end(flow, 0);
    expect(await fixture.redis.lrange(`${TAG}released`, 0, -1)).toHaveLength(1);
    // a promoter that has not looked for the queue leaves the task to the next one
    const blind = { orders: 10, broadcastsKept: 10, queues: ['default'], kept: [], answering: [] };
    expect(await fixture.call('tend-groups', blind)).toEqual([0, 1]);
    await fixture.broker.promote(1);
    expect(await fixture.redis.llen(`${TAG}queue:elsewhere`)).toBe(1);
    expect(await fixture.redis.exists(`${TAG}released`)).toBe(0);
  });
});

describe('a flow', () => {
  it('is added once, whatever is repeated', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 2);
    const nodes = nodesOf(id, [[[]], [[0]]]);
    await fixture.broker.groups.addNodes(id, { nodes, starts: true });
    await fixture.broker.groups.addNodes(id, { nodes, starts: true });
    expect(await statusOf({ id })).toMatchObject({ total: 2, waiting: 2 });
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(1);
  });

  it('starts nothing before its last part is there', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 3);
    const nodes = nodesOf(id, [[[]], [[]], [[0, 1]]]);
    await fixture.broker.groups.addNodes(id, { nodes: nodes.slice(0, 2), starts: false });
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(0);
    await fixture.broker.groups.addNodes(id, { nodes: nodes.slice(2), starts: true });
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(2);
  });

  it('that is cancelled before its last part takes none', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 2);
    const nodes = nodesOf(id, [[[]], [[]]]);
    await fixture.broker.groups.addNodes(id, { nodes: nodes.slice(0, 1), starts: false });
    await fixture.broker.groups.cancel(id);
    expect(await fixture.broker.groups.addNodes(id, { nodes: nodes.slice(1), starts: true })).toBe('ended');
    await fixture.broker.groups.tend();
    expect(await statusOf({ id })).toMatchObject({ state: 'cancelled', ended: true, total: 1, cancelled: 1 });
  });

  it('of which the sender dies before the last part is abandoned, and its nodes end', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 3);
    await fixture.broker.groups.addNodes(id, { nodes: nodesOf(id, [[[]], [[0]]]), starts: false });
    await fixture.redis.zadd(`${TAG}group-times`, 1, `${id} unsealed`);
    await fixture.broker.promote(1);
    expect(await statusOf({ id })).toMatchObject({ state: 'abandoned', ended: true, cancelled: 2 });
  });

  it('that is cancelled ends all that has not started, for those who wait for results, too', async () => {
    const flow = await flowOf([[]], [[0]], [[1]]);
    await started(flow);
    expect(await fixture.broker.groups.cancel(flow.id)).toBe('cancelled');
    await fixture.broker.groups.tend();
    expect(await states(flow)).toEqual(['ready', 'cancelled', 'cancelled']);
    expect(await fixture.broker.results.read(flow.ids.slice(1))).toEqual(['cancelled', 'cancelled']);
    await end(flow, 0);
    expect(await statusOf(flow)).toMatchObject({ state: 'cancelled', ended: true, done: 1, cancelled: 2 });
  });

  it('whose deadline passes aborts what runs and ends the rest', async () => {
    const id = await opened({ deadlineMs: 60_000 });
    await fixture.broker.groups.reserve(id, 2);
    const nodes = nodesOf(id, [[[]], [[0]]]);
    await fixture.broker.groups.addNodes(id, { nodes, starts: true });
    const flow = { id, ids: nodes.map(({ message }) => idOf(message)), child: await fixture.child() };
    await started(flow);
    await fixture.redis.zadd(`${TAG}group-times`, 1, `${id} deadline`);
    await fixture.broker.promote(1);
    expect(await statusOf(flow)).toMatchObject({ state: 'expired', cancelled: 1 });
    const [entry] = await fixture.redis.xrange(`${TAG}broadcasts`, '-', '+');
    expect(entry?.[1]).toEqual(['kind', 'cancel', 'id', id]);
    await end(flow, 0, 'c');
    expect(await statusOf(flow)).toMatchObject({ state: 'expired', ended: true });
  });

  it('releases a wide fan in parts', async () => {
    const specs: Spec[] = [[[]], ...Array.from({ length: 450 }, (): Spec => [[0]])];
    const flow = await flowOf(...specs);
    await started(flow);
    await end(flow, 0);
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(200);
    await fixture.broker.promote(1);
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(450);
    const all = await started(flow);
    for (const number of all) await end(flow, number);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', done: 451 });
  });

  it('takes no nodes of one that has ended', async () => {
    const flow = await flowOf([[]], [[0]]);
    await started(flow);
    await end(flow, 0);
    const base = await fixture.broker.groups.reserve(flow.id, 1);
    const nodes = nodesOf(flow.id, [[[]]], { base });
    expect(await fixture.broker.groups.addNodes(flow.id, { nodes, starts: true, behind: 0 })).toBe('ended');
    expect(await statusOf(flow)).toMatchObject({ total: 2 });
  });

  it('that has ended is found again by its sender, who has got no answer', async () => {
    const id = await opened();
    await fixture.broker.groups.reserve(id, 1);
    const nodes = nodesOf(id, [[[]]]);
    await fixture.broker.groups.addNodes(id, { nodes, starts: true });
    const flow = { id, ids: nodes.map(({ message }) => idOf(message)), child: await fixture.child() };
    await started(flow);
    await end(flow, 0);
    expect(await fixture.broker.groups.addNodes(id, { nodes, starts: true })).toBe('added');
    expect(await statusOf(flow)).toMatchObject({ state: 'done', total: 1 });
  });

  it('takes nodes of a running one: what waits for that waits for them, too', async () => {
    const flow = await flowOf([[]], [[0], 'end']);
    await started(flow);
    const base = await fixture.broker.groups.reserve(flow.id, 2);
    const nodes = nodesOf(flow.id, [[[]], [[0]]], { base });
    await fixture.broker.groups.addNodes(flow.id, { nodes, starts: true, behind: 0 });
    await fixture.broker.groups.addNodes(flow.id, { nodes, starts: true, behind: 0 });
    const ids = [...flow.ids, ...nodes.map(({ message }) => idOf(message))];
    const wider = { ...flow, ids };
    expect(await started(wider)).toEqual([2]);
    await end(wider, 0);
    expect(await started(wider)).toEqual([]);
    await end(wider, 2);
    expect(await started(wider)).toEqual([3]);
    await bury(wider, 3);
    // the node that waits goes on after a failure, so that of the added one is covered as well
    expect(await started(wider)).toEqual([1]);
    await end(wider, 1);
    expect(await statusOf(flow)).toMatchObject({ state: 'done', ended: true, total: 4, failed: 1 });
  });

  it('takes no nodes of a running one for which too many would wait, and adds none of them', async () => {
    const flow = await flowOf([[]], ...Array.from({ length: 101 }, (): Spec => [[0]]));
    await started(flow);
    const base = await fixture.broker.groups.reserve(flow.id, 1_000);
    const adding = (count: number) => ({
      nodes: nodesOf(
        flow.id,
        Array.from({ length: count }, (): Spec => [[]]),
        { base },
      ),
      ...{ starts: true, behind: 0 },
    });
    expect(await fixture.broker.groups.addNodes(flow.id, adding(991))).toBe('wide');
    expect(await statusOf(flow)).toMatchObject({ total: 102 });
    expect(await fixture.broker.groups.addNodes(flow.id, adding(990))).toBe('added');
    expect(await statusOf(flow)).toMatchObject({ total: 1_092 });
  });

  it('is forgotten a day after its end, with all its nodes', async () => {
    const specs: Spec[] = [...Array.from({ length: 250 }, (): Spec => [[]]), [[0, 249]]];
    const flow = await flowOf(...specs);
    await fixture.broker.groups.tend();
    for (const number of await started(flow)) await end(flow, number);
    await started(flow);
    await end(flow, 250);
    await fixture.redis.zadd(`${TAG}groups-ended`, 1, flow.id);
    await fixture.broker.promote(1);
    expect(await statusOf(flow)).toBeUndefined();
    const kept = [`${TAG}groups`, `${TAG}group-index`, `${TAG}groups-ended`, `${TAG}group-times`, `${TAG}released`];
    expect(await fixture.redis.exists(...kept)).toBe(0);
  });

  it('that has ended is forgotten when 10,000 others have ended since', async () => {
    const flow = await flowOf([[]]);
    const others = Array.from({ length: 10_100 }, (_, at) => [Date.now() + 1_000, `other${at}`]).flat();
    await fixture.redis.zadd(`${TAG}groups-ended`, ...others);
    await fixture.redis.zadd(`${TAG}groups-ended`, 2e12, 'last');
    await started(flow);
    await end(flow, 0);
    await fixture.broker.promote(1);
    expect(await statusOf(flow)).toBeUndefined();
    expect(await fixture.redis.zcard(`${TAG}groups-ended`)).toBe(10_000);
  });
});
