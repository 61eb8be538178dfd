/** Tasks that are part of a batch or flow: those that wait for others, and all others. */
import { statusOf } from '../../src/client/task-handle.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';
import { memberOf, nodesOf, openGroup } from '../support/groups.js';

const BY = { by: 'anna' };
const REPORT = { code: 'TASK_FAILED', error: 'Error: no\nmore of it', host: 'test', pid: 1 };

let fixture: BrokerFixture;
let inspector: Inspector;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
beforeEach(async () => {
  inspector = new Inspector(fixture.broker);
  const catalog = ['Some.task', 'Some.task0', 'Some.task1', 'Some.task2'].map((name) => ({ name, queue: 'default' }));
  const session = 'catalog-30000';
  await fixture.broker.openSession({ session, leaseMs: 30_000, queues: ['default'], host: 'test', pid: 1, catalog });
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A flow of which all is sent. @param next of each node, the numbers of those that wait for it */
async function flowOf(next: readonly (readonly number[])[]): Promise<{ flow: string; ids: string[] }> {
  const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow', name: 'import' });
  await fixture.broker.groups.reserve(flow, next.length);
  const nodes = nodesOf(fixture, flow, next);
  await fixture.broker.groups.addNodes(flow, nodes);
  return { flow, ids: nodes.nodes.map(({ message }) => idOf(message)) };
}

/** A batch with a task in each of these places. */
async function batchOf() {
  const { broker } = fixture;
  const batch = await openGroup(broker.groups, fixture.ids.next());
  const messages = [1, 2, 3, 4].map(() => memberOf(fixture, batch));
  const [dead = '', active = '', pending = '', scheduled = ''] = messages.map(idOf);
  await broker.groups.add(batch, 'default', messages.slice(0, 3));
  await broker.groups.add(batch, 'default', messages.slice(3), { due: { in: 3_600_000 } });
  await broker.groups.seal(batch);
  const child = await fixture.child();
  await fixture.claim(child, 2);
  await broker.bury(child, { id: dead, queue: 'default' }, REPORT, '');
  return { batch, dead, active, pending, scheduled };
}

async function failFirst(): Promise<void> {
  const child = await fixture.child();
  const [task] = (await fixture.claim(child, 1)).tasks;
  await fixture.broker.bury(child, { id: task?.id ?? '', queue: 'default' }, REPORT, '');
}

async function sentencesOf(id: string | undefined): Promise<readonly string[]> {
  return (await inspector.tasks.explain(id ?? '')).sentences;
}

describe('a task that waits for others of its flow', () => {
  it('is shown as waiting, with its flow, and some of those that it waits for', async () => {
    const { flow, ids } = await flowOf([[2], [2], []]);
    const task = await inspector.tasks.get(ids[2] ?? '');
    expect(task).toMatchObject({
      ...{ state: 'waiting', queue: 'default', task: 'Some.task2', enqueuedAt: undefined, expiresAt: undefined },
      partOf: {
        ...{ id: flow, kind: 'flow', name: 'import', state: 'open', number: 2, waitsFor: 2 },
        unfinished: [
          { number: 1, task: 'Some.task1', state: 'sent' },
          { number: 0, task: 'Some.task0', state: 'sent' },
        ],
      },
    });
    expect(task?.args).toEqual([]);
  });

  it('has a status with its flow, and without a time', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    const place = await fixture.broker.locate(ids[1] ?? '');
    expect(statusOf(place)).toEqual({ state: 'waiting', queue: 'default', attempt: 1, partOf: flow });
    expect(statusOf(await fixture.broker.locate(ids[0] ?? ''))).toMatchObject({ state: 'pending', partOf: flow });
  });

  it('is explained by what it waits for', async () => {
    const { flow, ids } = await flowOf([[2], [2], []]);
    const explanation = await inspector.tasks.explain(ids[2] ?? '');
    expect(explanation).toMatchObject({ code: 'waiting', pause: undefined, worker: undefined });
    expect(explanation.sentences).toEqual([
      `It waits in the flow import (${flow}) for 2 tasks: Some.task1 (number 1, sent), Some.task0 (number 0, sent).`,
    ]);
  });

  it('names five of the many that it waits for, and finds one that is far away', async () => {
    const many = await flowOf([...Array.from({ length: 7 }, () => [7]), []]);
    const { partOf } = (await inspector.tasks.get(many.ids[7] ?? '')) ?? {};
    expect(partOf?.unfinished.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2]);
    expect((await sentencesOf(many.ids[7]))[0]).toContain('for 7 tasks, among them Some.task6 (number 6, sent), ');
    const wide = await flowOf([[600], ...Array.from({ length: 599 }, () => []), []]);
    expect((await inspector.tasks.get(wide.ids[600] ?? ''))?.partOf?.unfinished).toMatchObject([{ number: 0 }]);
  });

  it('finds one that a running task has added', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    const base = await fixture.broker.groups.reserve(flow, 1);
    const message = memberOf(fixture, flow, { number: base, name: 'Some.added' });
    const node = { number: base, name: 'Some.added', queue: 'default', message, waits: 0, policy: 'fail' } as const;
    const nodes = [{ ...node, waiting: [], covered: false }];
    await fixture.broker.groups.addNodes(flow, { nodes, starts: true, behind: 0 });
    const { partOf } = (await inspector.tasks.get(ids[1] ?? '')) ?? {};
    expect(partOf).toMatchObject({ waitsFor: 2, unfinished: [{ task: 'Some.task0' }, { task: 'Some.added' }] });
  });

  it('in a flow that has failed names the culprit, and how the flow goes on', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await failFirst();
    expect(await inspector.tasks.get(ids[1] ?? '')).toMatchObject({
      partOf: { state: 'failed', culprit: { id: ids[0], code: 'TASK_FAILED' }, unfinished: [{ state: 'dead' }] },
    });
    expect(await sentencesOf(ids[1])).toEqual([
      `It waits in the flow import (${flow}) for 1 task: Some.task0 (number 0, dead).`,
      `The flow has failed: Some.task0 ${ids[0]} is dead with TASK_FAILED: Error: no. Redrive that, and the flow goes on. See all of it: nestwork flows show ${flow}.`,
    ]);
    expect(await sentencesOf(ids[0])).toContain('The flow waits for it: redrive it, and the flow goes on.');
  });

  it('in a flow that is cancelled will not start', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await inspector.groups.cancel(flow, BY);
    const { code, sentences } = await inspector.tasks.explain(ids[1] ?? '');
    expect([code, sentences[0]]).toEqual(['stopped', 'Its flow was cancelled, so it will not start.']);
  });

  it('of a flow that is still being added waits for the last one', async () => {
    const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow', name: 'import' });
    await fixture.broker.groups.reserve(flow, 1);
    const nodes = nodesOf(fixture, flow, [[]]);
    await fixture.broker.groups.addNodes(flow, { ...nodes, starts: false });
    expect(await sentencesOf(idOf(nodes.nodes[0]?.message ?? ''))).toEqual([
      `Its sender still adds tasks to the flow import (${flow}), which starts with the last one.`,
    ]);
  });

  it('is cancelled by an inspector, which is recorded', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    expect(await inspector.tasks.cancel(ids[1] ?? '', BY)).toBe('waiting');
    expect(await inspector.tasks.cancel(ids[1] ?? '', BY)).toBe('cancelled');
    expect(await inspector.actions.list()).toMatchObject([{ action: 'cancel', subject: ids[1], count: 1 }]);
    expect(await inspector.groups.get(flow)).toMatchObject({ state: 'failed', cancelled: 1 });
    expect((await inspector.groups.nodes(flow)).nodes).toMatchObject([{ state: 'sent' }, { state: 'cancelled' }]);
  });

  it('is not moved to another time', async () => {
    const { ids } = await flowOf([[1], []]);
    expect(await inspector.tasks.runNow(ids[1] ?? '', BY)).toBe('waiting');
    expect(await inspector.actions.list()).toEqual([]);
  });
});

describe('a task of a batch', () => {
  it('says to which it belongs, wherever it is', async () => {
    const { batch, ...ids } = await batchOf();
    for (const [state, id] of Object.entries(ids)) {
      const task = await inspector.tasks.get(id);
      expect(task).toMatchObject({ state, partOf: { id: batch, kind: 'batch', number: undefined, waitsFor: 0 } });
      const sentence = `It is part of the batch mailing (${batch}): failed, 0 of 4 done.`;
      expect(await sentencesOf(id)).toContain(sentence);
    }
    expect(await inspector.dead.get(ids.dead)).toMatchObject({ partOf: batch });
  });

  it('that was cancelled will not start, unless it runs', async () => {
    const { batch, pending, scheduled, active, dead } = await batchOf();
    await inspector.groups.cancel(batch, BY);
    for (const id of [pending, scheduled]) {
      const { code, sentences } = await inspector.tasks.explain(id);
      expect([code, sentences[0]]).toEqual(['stopped', 'Its batch was cancelled, so it will not start.']);
    }
    for (const id of [active, dead]) expect((await sentencesOf(id)).join(' ')).not.toContain('start.');
    expect((await sentencesOf(dead)).join(' ')).not.toContain('waits for it');
  });

  it('that is forgotten is part of nothing', async () => {
    const { batch, pending } = await batchOf();
    await fixture.redis.hdel('{nestwork}:groups', batch);
    expect((await inspector.tasks.get(pending))?.partOf).toBeUndefined();
    expect((await sentencesOf(pending)).join(' ')).not.toContain('part of');
    await fixture.redis.flushall();
  });

  it('and one in none are told apart', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [message]);
    expect((await inspector.tasks.get(idOf(message)))?.partOf).toBeUndefined();
    expect(statusOf(await fixture.broker.locate(idOf(message)))).not.toHaveProperty('partOf');
  });
});

describe('nestwork shows', () => {
  it('the flow of a task that waits, what it waits for, and the culprit', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    await failFirst();
    const { stdout } = await nestwork(['tasks', 'show', ids[1] ?? ''], options);
    expect(stdout).toContain(`${ids[1]}  Some.task1  waiting in its flow, then in queue default`);
    expect(stdout).toContain(`flow      import  ${flow}, number 1: failed, 0 of 2 done\n`);
    expect(stdout).toContain('waits     for 1 task: Some.task0 (number 0, dead)\n');
    expect(stdout).toContain(`culprit   Some.task0 ${ids[0]} is dead with TASK_FAILED: Error: no\n`);
  });

  it('the batch of a dead task', async () => {
    const { batch, dead } = await batchOf();
    for (const room of ['tasks', 'dead']) {
      const { stdout } = await nestwork([room, 'show', dead], options);
      expect(stdout).toContain(`batch     mailing  ${batch}: failed, 0 of 4 done\n`);
    }
  });

  it('why a task waits, and cancels it', async () => {
    const { flow, ids } = await flowOf([[1], []]);
    const { stdout } = await nestwork(['tasks', 'explain', ids[1] ?? ''], options);
    expect(stdout).toContain(`It waits in the flow import (${flow}) for 1 task: Some.task0 (number 0, sent).`);
    const { stdout: cancelled } = await nestwork(['tasks', 'cancel', ids[1] ?? '', '--yes'], options);
    expect(cancelled).toContain(`Cancelled ${ids[1]}, which was waiting.`);
  });
});
