import type { DashboardSubject } from '../../src/dashboard/index.js';
import type { Snapshot } from '../../src/dashboard/live/snapshot.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { DIGEST, publishWorker } from '../support/worker-digests.js';

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

/** What workers are told to do, in order: `recycle <session> 4711 by anna`. */
async function orders(): Promise<string[]> {
  const entries = await fixture.redis.xrange('{nestwork}:broadcasts', '-', '+');
  return entries.map(([, fields]) => {
    const of = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    return `${of('action')} ${of('session')} ${of('pid')} by ${of('by')}`.replaceAll('  ', ' ');
  });
}

async function recorded(): Promise<string[]> {
  const actions = await new Inspector(fixture.broker).actions.list();
  return actions.map(({ by, action, subject }) => `${by} ${action} ${subject}`).reverse();
}

describe('a worker', () => {
  it('is in the snapshot with its children, what they run since when, and its restarts', async () => {
    const restarts = [{ pid: 4_700, agoMs: 5_000, reason: 'exit code 134', crashed: true }];
    const id = await publishWorker(fixture, { restarted: 3, restarts, mostBytes: 500 * 2 ** 20 });
    const { body } = await dashboard.get<Snapshot>('snapshot');
    const [worker] = body.workers;
    expect(worker).toMatchObject({ id, host: 'test', pid: 1, app: 'shop', appVersion: '4.5.6', state: 'running' });
    expect(worker?.memoryLimit).toBe(500 * 2 ** 20);
    const [child] = worker?.children ?? [];
    expect(child).toMatchObject({ pid: 4_711, state: 'running', running: 1, done: 1_234, memory: 120 * 2 ** 20 });
    const [task] = child?.active ?? [];
    expect(task).toMatchObject({ id: '0123456789abcdefghij', name: 'ReportTasks.send' });
    expect(Date.parse(worker?.seenAt ?? '') - Date.parse(task?.since ?? '')).toBe(61_000);
    expect(worker?.restarts).toMatchObject([{ pid: 4_700, reason: 'exit code 134', crashed: true }]);
  });

  it('that is quiet has quiet children, and one that stops has children that stop', async () => {
    const children = DIGEST.children.map((child) => ({ ...child, state: 'stopping' as const }));
    const quiet = await publishWorker(fixture, { state: 'quiet', children });
    const running = await publishWorker(fixture, { children });
    const { body } = await dashboard.get<Snapshot>('snapshot');
    const states = body.workers.map((worker) => [worker.id, worker.children.map(({ state }) => state)]);
    expect(new Map(states as [string, string[]][])).toEqual(
      new Map([
        [quiet, ['quiet']],
        [running, ['stopping']],
      ]),
    );
  });

  it('has the time at which it renewed its lease last', async () => {
    const id = await publishWorker(fixture);
    const renewed = Date.now() - 5_000;
    await fixture.redis.zadd('{nestwork}:sessions', renewed + Number(id.split('-').at(-1)), id);
    const { body } = await dashboard.get<Snapshot>('snapshot');
    expect(body.workers).toMatchObject([{ id, renewedAt: new Date(renewed).toISOString() }]);
  });

  it('that was killed is shown apart until its tasks are taken back, and is not counted', async () => {
    const [gone, other] = [await publishWorker(fixture), await publishWorker(fixture)];
    await fixture.redis.zadd('{nestwork}:sessions', 1_000, gone);
    const { body } = await dashboard.get<Snapshot>('snapshot');
    expect(body.workers.map(({ id }) => id)).toEqual([other]);
    const view = { id: gone, host: 'test', pid: 1, at: '1970-01-01T00:00:01.000Z' };
    const why = 'It was killed, or is cut off from Redis.';
    expect(body.lapsed).toEqual([
      { ...view, text: `${why} Another worker is about to take back the tasks of its 1 child.` },
    ]);
    await fixture.redis.zadd('{nestwork}:sessions', 1_000, other);
    const lapsed = await new Inspector(fixture.broker).workers.lapsed();
    expect(lapsed.map(({ id, children }) => [id, children]).sort()).toEqual(
      [
        [gone, 1],
        [other, 1],
      ].sort(),
    );
  });

  it('gets the orders of a person, who is recorded with each', async () => {
    const id = await publishWorker(fixture);
    for (const path of ['workers/recycle', 'workers/quiet', 'workers/stop']) {
      const { status, body } = await dashboard.post(path, { worker: id });
      expect([path, status, body]).toEqual([path, 200, { id, host: 'test', pid: 1, running: 1 }]);
    }
    expect(await orders()).toEqual(['recycle', 'quiet', 'stop'].map((action) => `${action} ${id} by anna`));
    expect(await recorded()).toEqual(['recycle', 'quiet', 'stop'].map((action) => `anna ${action} ${id}`));
    expect(
      dashboard.audited.map(({ action, order, outcome, subject }) => [action, order, outcome, subject.worker]),
    ).toEqual(['recycle', 'quiet', 'stop'].map((order) => ['control', order, 'done', id]));
  });

  it('gets an order for one of its children', async () => {
    const id = await publishWorker(fixture);
    expect((await dashboard.post('workers/recycle', { worker: id, child: 4_711 })).status).toBe(200);
    expect(await orders()).toEqual([`recycle ${id} 4711 by anna`]);
    expect(await recorded()).toEqual([`anna recycle ${id} child 4711`]);
  });

  it('is named to `can` with its whole id, also by a part of it', async () => {
    const id = await publishWorker(fixture);
    const asked: DashboardSubject[] = [];
    const strict = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => {
        if (action === 'control') asked.push(subject);
        return action === 'view';
      },
    });
    expect((await strict.post('workers/stop', { worker: id.slice(0, -4) })).status).toBe(403);
    expect(asked).toEqual([{ namespace: 'nestwork', worker: id }]);
    await strict.close();
    expect(await orders()).toEqual([]);
  });
});

describe('a worker that takes no orders', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['in the process of an app', () => publishWorker(fixture, { inProcess: true }), 'runs in the process of its app'],
    ['that has published nothing', async () => (await fixture.child()).session, 'published nothing'],
  ])('%s is given none, and the answer says why', async (_, begin, why) => {
    const id = await begin();
    for (const path of ['workers/quiet', 'workers/stop', 'workers/recycle']) {
      const { status, body } = await dashboard.post(path, { worker: id });
      const message = expect.stringContaining(why);
      expect([path, status, body]).toMatchObject([path, 400, { code: 'WORKER_TAKES_NO_ORDERS', message }]);
    }
    expect(await orders()).toEqual([]);
    expect(dashboard.audited).toMatchObject(Array.from({ length: 3 }, () => ({ outcome: 'failed', count: 0 })));
  });

  it('that is quiet replaces no children', async () => {
    const id = await publishWorker(fixture, { ...DIGEST, state: 'quiet' });
    expect(await dashboard.post('workers/recycle', { worker: id })).toMatchObject({ status: 400 });
    expect((await dashboard.post('workers/stop', { worker: id })).status).toBe(200);
    expect(await orders()).toEqual([`stop ${id} by anna`]);
  });
});

it.each<[string, object, number, string]>([
  ['no worker', {}, 400, 'INVALID_INPUT'],
  ['a list', { worker: ['a'] }, 400, 'INVALID_INPUT'],
  ['an unknown worker', { worker: 'none' }, 404, 'UNKNOWN_WORKER'],
])('an order to %s changes nothing', async (_, body, status, code) => {
  await publishWorker(fixture);
  for (const path of ['workers/quiet', 'workers/stop', 'workers/recycle'])
    expect(await dashboard.post(path, body)).toMatchObject({ status, body: { code } });
  expect(await orders()).toEqual([]);
});

it.each([0, -1, 1.5, 'all', '7x', {}])('an order to the child %j changes nothing', async (child) => {
  const worker = await publishWorker(fixture);
  const { status, body } = await dashboard.post('workers/recycle', { worker, child });
  expect([status, body]).toMatchObject([400, { code: 'INVALID_INPUT' }]);
  expect(await dashboard.post('workers/recycle', { worker, child: 99 })).toMatchObject({
    status: 404,
    body: { code: 'UNKNOWN_WORKER' },
  });
  expect(await orders()).toEqual([]);
});
