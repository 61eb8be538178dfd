/** Batches and flows over HTTP: the list, one of them, the steps of a flow and their tasks, and the end of it all. */
import type { DashboardSubject } from '../../src/dashboard/index.js';
import type { ActionsPage } from '../../src/dashboard/screens/actions/wire.js';
import { FlowShape } from '../../src/dashboard/screens/groups/flow-shape.js';
import type { GroupsPage, GroupView, NodesPage } from '../../src/dashboard/screens/groups/wire.js';
import type { TaskView } from '../../src/dashboard/screens/task/wire.js';
import type { FlowNode } from '../../src/inspector/groups/group-report.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { memberOf, nodesOf, openGroup } from '../support/groups.js';

const REPORT = { code: 'TASK_FAILED', error: 'Error: no paper\nmore of it', host: 'test', pid: 1 };

let fixture: BrokerFixture;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** A batch of which all has been added: ids of the batch and its tasks. */
async function batchOf(count = 1): Promise<{ batch: string; ids: string[] }> {
  const batch = await openGroup(fixture.broker.groups, fixture.ids.next());
  const messages = Array.from({ length: count }, () => memberOf(fixture, batch));
  await fixture.broker.groups.add(batch, 'default', messages);
  await fixture.broker.groups.seal(batch);
  return { batch, ids: messages.map(idOf) };
}

/**
 * A flow of which all is sent.
 *
 * @param next of each node, the numbers of those that wait for it
 * @param names of the nodes
 */
async function flowOf(
  next: readonly (readonly number[])[],
  names: readonly string[] = [],
): Promise<{ flow: string; ids: string[] }> {
  const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow', name: 'import' });
  await fixture.broker.groups.reserve(flow, next.length);
  const all = nodesOf(fixture, flow, next);
  const nodes = all.nodes.map((node) => ({ ...node, name: names[node.number] ?? node.name }));
  await fixture.broker.groups.addNodes(flow, { ...all, nodes });
  return { flow, ids: nodes.map(({ message }) => idOf(message)) };
}

/** Three extracts, of which the first dies, the second is done and the third is pending; then a merge, then an index. */
async function importFlow(): Promise<{ flow: string; ids: string[] }> {
  const sent = await flowOf([[3], [3], [3], [4], []], ['extract', 'extract', 'extract', 'merge', 'index']);
  await endFirst('dead');
  await endFirst('done');
  return sent;
}

async function endFirst(how: 'dead' | 'done'): Promise<void> {
  const child = await fixture.child();
  const [task] = (await fixture.claim(child, 1)).tasks;
  const claim = { id: task?.id ?? '', queue: 'default' };
  if (how === 'dead') await fixture.broker.bury(child, claim, REPORT, '');
  else await fixture.broker.results.finish(child, [{ id: claim.id, result: 'd[1]', inGroup: true }]);
}

async function viewOf(id: string, query: Readonly<Record<string, string>> = {}): Promise<GroupView> {
  return (await dashboard.get<GroupView>('group', { id, ...query })).body;
}

async function nodesAt(id: string, query: Readonly<Record<string, string>>): Promise<NodesPage> {
  return (await dashboard.get<NodesPage>('group/nodes', { id, ...query })).body;
}

describe('the list of batches and flows', () => {
  it('has the latest first, with counts, culprit and times', async () => {
    const { batch } = await batchOf(2);
    const { flow, ids } = await flowOf([[1], []]);
    // in one millisecond they have no order
    for (const [at, id] of [batch, flow].entries()) await fixture.redis.zadd('{nestwork}:group-index', at + 1, id);
    await endFirst('done');
    await endFirst('done');
    await endFirst('dead');
    const { status, body } = await dashboard.get<GroupsPage>('groups');
    expect([status, body]).toMatchObject([200, { looked: 2, left: 0 }]);
    expect(body.groups.map(({ id }) => id)).toEqual([flow, batch]);
    const [first, second] = body.groups;
    expect(first).toMatchObject({ kind: 'flow', name: 'import', state: 'failed', total: 2, failed: 1, waiting: 1 });
    expect(first?.culprit).toMatchObject({ id: ids[0], how: 'dead', code: 'TASK_FAILED' });
    expect(second).toMatchObject({ kind: 'batch', name: 'mailing', state: 'done', total: 2, done: 2, ended: true });
    for (const time of [first?.openedAt, second?.endedAt]) expect(Date.parse(time ?? '')).toBeGreaterThan(0);
  });

  it('keeps to a kind and a state, and refuses those that there are not', async () => {
    const { batch } = await batchOf();
    const { flow } = await flowOf([[]]);
    await endFirst('done');
    const idsOf = async (query: Readonly<Record<string, string>>): Promise<string[]> =>
      (await dashboard.get<GroupsPage>('groups', query)).body.groups.map(({ id }) => id);
    expect(await idsOf({ kind: 'batch' })).toEqual([batch]);
    expect(await idsOf({ state: 'open' })).toEqual([flow]);
    expect(await idsOf({ kind: 'batch', state: 'open' })).toEqual([]);
    for (const [name, value] of Object.entries({ kind: 'heap', state: 'tired', cursor: 'x' })) {
      expect(await dashboard.get('groups', { [name]: value })).toMatchObject({
        status: 400,
        body: { code: 'INVALID_OPTION' },
      });
    }
  });

  it('goes on where the page before ended', async () => {
    const opened: string[] = [];
    for (let n = 0; n < 60; n += 1) opened.push(await openGroup(fixture.broker.groups, fixture.ids.next()));
    const { body: first } = await dashboard.get<GroupsPage>('groups');
    expect([first.groups.length, first.left]).toEqual([50, 10]);
    const { body: second } = await dashboard.get<GroupsPage>('groups', { cursor: first.cursor ?? '' });
    expect([second.groups.length, second.cursor]).toEqual([10, undefined]);
    const seen = [...first.groups, ...second.groups].map(({ id }) => id);
    expect(new Set(seen)).toEqual(new Set(opened));
  });
});

describe('one batch', () => {
  it('has no steps, because no list of its tasks is kept', async () => {
    const { batch } = await batchOf();
    const { group, steps, off } = await viewOf(batch);
    expect([group.id, steps, off]).toEqual([batch, undefined, undefined]);
    const answer = await dashboard.get('group/nodes', { id: batch, step: '1 default extract' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'NO_FLOW' } });
  });

  it('that Redis has not, or no more, is answered with 404', async () => {
    const id = fixture.ids.next();
    const answer = await dashboard.get('group', { id });
    expect(answer).toMatchObject({ status: 404, body: { code: 'UNKNOWN_GROUP', remedy: [expect.any(String)] } });
    expect(await dashboard.get('group', { id: 'x' })).toMatchObject({ status: 400, body: { code: 'INVALID_TASK_ID' } });
  });

  it('whose culprit is dead is redrivable until it has ended', async () => {
    const { batch } = await batchOf();
    await endFirst('dead');
    expect(await viewOf(batch)).toMatchObject({ redrivable: true, group: { state: 'failed', ended: false } });
  });
});

describe('one flow', () => {
  it('has tasks of one name and depth as one step, with counts by state and what comes before', async () => {
    const { flow, ids } = await importFlow();
    const { group, steps, redrivable } = await viewOf(flow);
    expect(group).toMatchObject({ state: 'failed', total: 5, done: 1, failed: 1, waiting: 3, culprit: { id: ids[0] } });
    expect(redrivable).toBe(true);
    expect(steps).toMatchObject({ from: 0, count: 3 });
    const extract = { key: '1 default extract', task: 'extract', count: 3 };
    const merge = { key: '2 default merge', task: 'merge', count: 1 };
    expect(steps?.steps).toMatchObject([
      {
        ...{ ...extract, level: 1, after: [], afterMore: 0 },
        states: [
          ['dead', 1],
          ['sent', 1],
          ['done', 1],
        ],
      },
      { ...merge, level: 2, after: [extract], only: { id: ids[3], number: 3, state: 'waiting', waitsFor: 2 } },
      { key: '3 default index', level: 3, after: [merge], only: { id: ids[4], waitsFor: 1 } },
    ]);
    expect(steps?.steps[0]?.only).toBeUndefined();
  });

  it('shows the tasks of a step, those that need somebody first, with their errors', async () => {
    const { flow, ids } = await importFlow();
    const page = await nodesAt(flow, { step: '1 default extract' });
    expect(page).toMatchObject({ from: 0, count: 3 });
    expect(page.nodes).toMatchObject([
      { id: ids[0], state: 'dead', error: 'Error: no paper' },
      { id: ids[2], state: 'sent' },
      { id: ids[1], state: 'done' },
    ]);
    const done = await nodesAt(flow, { step: '1 default extract', state: 'done' });
    expect([done.count, done.nodes.map(({ id }) => id)]).toEqual([1, [ids[1]]]);
    expect(await nodesAt(flow, { step: '1 default extract', state: 'tired' })).toMatchObject({ count: 0, nodes: [] });
    const answer = await dashboard.get('group/nodes', { id: flow, step: '9 default extract' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'UNKNOWN_STEP' } });
  });

  it('with a wide level has one step of it, whose tasks are read page by page', async () => {
    const wide = 1_200;
    const { flow, ids } = await flowOf(
      [...Array.from({ length: wide }, () => [wide]), []],
      [...Array.from({ length: wide }, () => 'extract'), 'merge'],
    );
    const { steps } = await viewOf(flow);
    expect(steps?.steps.map(({ task, count }) => [task, count])).toEqual([
      ['extract', wide],
      ['merge', 1],
    ]);
    const sum = steps?.steps[0]?.states.reduce((all, [, count]) => all + count, 0);
    expect(sum).toBe(wide);
    const seen: string[] = [];
    for (let from = 0; from < wide; from += 50) {
      const { nodes, count } = await nodesAt(flow, { step: '1 default extract', from: String(from) });
      expect(count).toBe(wide);
      seen.push(...nodes.map(({ id }) => id));
    }
    expect(seen).toEqual(ids.slice(0, wide));
  });

  it('with many steps shows a part of them, and the others from a number on', async () => {
    const long = 130;
    const { flow } = await flowOf(Array.from({ length: long }, (_, n) => (n + 1 < long ? [n + 1] : [])));
    const first = (await viewOf(flow)).steps;
    expect([first?.steps.length, first?.count]).toEqual([100, long]);
    const second = (await viewOf(flow, { from: '100' })).steps;
    expect(second?.steps.map(({ level }) => level)).toEqual(Array.from({ length: 30 }, (_, n) => n + 101));
  });

  it('names five steps that come before one, and how many others there are', async () => {
    const { flow } = await flowOf([...Array.from({ length: 8 }, () => [8]), []]);
    const last = (await viewOf(flow)).steps?.steps.at(-1);
    expect([last?.after.map(({ task }) => task), last?.afterMore]).toEqual([
      ['Some.task0', 'Some.task1', 'Some.task2', 'Some.task3', 'Some.task4'],
      3,
    ]);
  });

  it('has tasks that are added on the way at the depth at which they start', async () => {
    const { flow } = await flowOf([[1], []], ['split', 'merge']);
    const number = await fixture.broker.groups.reserve(flow, 1);
    const message = memberOf(fixture, flow, { number, name: 'page' });
    const page = { number, name: 'page', queue: 'default', message, waits: 0, policy: 'fail' as const };
    const nodes = [{ ...page, waiting: [], covered: false }];
    await fixture.broker.groups.addNodes(flow, { nodes, starts: true, behind: 0 });
    const steps = (await viewOf(flow)).steps?.steps;
    const merge = steps?.find(({ task }) => task === 'merge');
    expect(merge?.after.map(({ task }) => task).sort()).toEqual(['page', 'split']);
  });
});

describe('the steps of a very long flow', () => {
  it('are listed up to 10,000, and its tasks are all known', () => {
    const chain = Array.from({ length: 10_002 }, (_, number): FlowNode => {
      const task = `Some.task${Number(number === 10_001)}`;
      const rest = { queue: 'default', state: 'waiting' as const, waitsFor: 1, code: undefined, error: undefined };
      return { ...rest, number, id: `${number}`.padStart(20, '0'), task, next: [number + 1] };
    });
    const shape = new FlowShape(chain);
    expect(shape.stepsFrom(9_999, 10)).toMatchObject({ steps: [{ level: 10_000 }], count: 10_000, unlisted: 2 });
    expect(shape.tasks.map(({ task }) => task)).toEqual(['Some.task0', 'Some.task1']);
  });
});

describe('the page of a task', () => {
  it('names its batch, and its flow', async () => {
    const catalog = [{ name: 'Some.task', queue: 'default' }];
    const session = { session: 'catalog-30000', leaseMs: 30_000, queues: ['default'], host: 'test', pid: 1, catalog };
    await fixture.broker.openSession(session);
    const { batch, ids } = await batchOf();
    const { flow, ids: nodes } = await flowOf([[1], []]);
    const partOf = async (id = '') => (await dashboard.get<TaskView>('task', { id })).body.task.partOf;
    expect(await partOf(ids[0])).toMatchObject({ id: batch, kind: 'batch', name: 'mailing' });
    expect(await partOf(nodes[0])).toMatchObject({ id: flow, kind: 'flow', name: 'import' });
    expect(await partOf(nodes[1])).toMatchObject({ id: flow, waitsFor: 1 });
  });
});

describe('the cancelling of a batch or flow', () => {
  it('asks first how many tasks it is about', async () => {
    const { batch } = await batchOf(3);
    const { body } = await dashboard.get('group/cancel', { group: batch });
    expect(body).toMatchObject({ title: 'Cancel batch mailing?', main: 'Cancel the batch', grave: true });
    expect(JSON.stringify(body)).toContain('3 tasks of it have not ended');
    expect(JSON.stringify(body)).toContain('onFailed');
    const { flow } = await flowOf([[]]);
    const answer = await dashboard.get('group/cancel', { group: flow });
    expect(answer.body).toMatchObject({ title: 'Cancel flow import?', main: 'Cancel the flow' });
    expect(JSON.stringify(answer.body)).not.toContain('onFailed');
  });

  it('ends it, is recorded and audited under the name of the person, and leads back to it', async () => {
    const { batch } = await batchOf();
    const { flow } = await flowOf([[1], []]);
    for (const group of [batch, flow]) {
      expect(await dashboard.post('group/cancel', { group })).toMatchObject({ status: 200, body: { group } });
      const { group: after, off } = await viewOf(group);
      expect([after.state, off]).toEqual(['cancelled', `The ${after.kind} is cancelled: there is nothing to cancel.`]);
    }
    expect(dashboard.audited).toMatchObject([
      { by: 'anna', action: 'cancel', outcome: 'done', count: 1, subject: { namespace: 'nestwork', group: batch } },
      { by: 'anna', action: 'cancel', outcome: 'done', count: 1, subject: { namespace: 'nestwork', group: flow } },
    ]);
    const { actions } = (await dashboard.get<ActionsPage>('actions')).body;
    expect(actions.map(({ by, action, subject, to }) => [by, action, subject, to])).toEqual([
      ['anna', 'cancel-flow', flow, ['groups', flow]],
      ['anna', 'cancel-batch', batch, ['groups', batch]],
    ]);
  });

  it('of one that has ended does nothing, and the question says so', async () => {
    const { batch } = await batchOf();
    await dashboard.post('group/cancel', { group: batch });
    const { body } = await dashboard.get<{ main?: string }>('group/cancel', { group: batch });
    expect(body).toMatchObject({ title: 'There is nothing to cancel.' });
    expect(body.main).toBeUndefined();
    const again = await dashboard.post('group/cancel', { group: batch });
    expect(again).toMatchObject({ status: 409, body: { code: 'TOO_LATE' } });
    expect(dashboard.audited.at(-1)).toMatchObject({ outcome: 'failed', count: 0 });
    const unknown = await dashboard.post('group/cancel', { group: fixture.ids.next() });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'UNKNOWN_GROUP' } });
  });

  it('of a flow asks `can` for each name and queue in it, and is refused if one is', async () => {
    const { flow } = await flowOf([[2], [2], []], ['extract', 'extract', 'charge']);
    const asked: DashboardSubject[] = [];
    const strict = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => {
        if (action === 'cancel') asked.push(subject);
        return subject.task !== 'charge';
      },
    });
    const { status } = await strict.post('group/cancel', { group: flow });
    await strict.close();
    expect(status).toBe(403);
    const subject = { namespace: 'nestwork', group: flow, queue: 'default' };
    expect(asked.slice(0, 2)).toEqual([
      { ...subject, task: 'extract' },
      { ...subject, task: 'charge' },
    ]);
    expect((await viewOf(flow)).group.state).toBe('open');
  });

  it('of a batch asks `can` for the batch alone', async () => {
    const { batch } = await batchOf();
    const asked: DashboardSubject[] = [];
    const strict = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => {
        if (action === 'cancel') asked.push(subject);
        return action === 'view';
      },
    });
    const { status } = await strict.post('group/cancel', { group: batch });
    await strict.close();
    expect([status, asked]).toEqual([403, [{ namespace: 'nestwork', group: batch }]]);
  });
});
