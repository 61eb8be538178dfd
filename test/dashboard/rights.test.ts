import type { CronDefinition } from '../../src/cron/cron-definition.js';
import type { Act, Bulk } from '../../src/dashboard/http/route.js';
import { ROUTES } from '../../src/dashboard/routes.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { openGroup } from '../support/groups.js';
import { mapped, snapshot } from '../support/snapshot.js';
import { DIGEST } from '../support/worker-digests.js';

const CRON: CronDefinition = {
  schedule: { everyMs: 3_600_000 },
  missed: 'skip',
  thresholdMs: 10_000,
  overlap: 'skip',
  disabled: false,
};
const SESSION = '4f1c09aa-30000';

const writes = ROUTES.filter((route): route is Act | Bulk => route.kind !== 'read');

let fixture: BrokerFixture;
let dashboard: DashboardApp;
let body: object;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
  body = await somethingOfEach();
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** A namespace in which there is something to do for each action, and a body that names all of it: each address takes its part. */
async function somethingOfEach(): Promise<object> {
  const catalog = [
    { name: 'Some.task', queue: 'default' },
    { name: 'Some.cron', queue: 'default', crons: [{ ...CRON, name: 'Some.cron' }] },
  ];
  const { broker } = fixture;
  const limits = [{ name: 'exports', concurrency: 2, keyed: false, ordered: false }];
  const place = { queues: ['default'], host: 'web', pid: 7 };
  await broker.openSession({ session: SESSION, leaseMs: 30_000, ...place, catalog, limits });
  await broker.workers.publish(SESSION, DIGEST, 60_000);
  await broker.crons.declare([{ name: 'Some.cron', queue: 'default', ...CRON }], 0);
  const messages = fixture.messages(3);
  const [dead = ''] = messages.map(idOf);
  const child = await fixture.holderOf(messages.slice(0, 1));
  const report = { code: 'TASK_FAILED', task: 'Some.task', error: 'Error: x', host: 'web', pid: 7 };
  await broker.bury(child, { id: dead, queue: 'default' }, report);
  await broker.enqueue('default', messages.slice(1));
  await new Inspector(broker).tasks.send('Some.task', [], { delay: '1h', by: 'anna' });
  const group = await openGroup(broker.groups, fixture.ids.next());
  const names = { group, queue: 'default', task: 'Some.task', name: 'Some.task', cron: 'Some.cron', worker: SESSION };
  const limit = { limit: 'exports', concurrency: '1' };
  return { ...names, ...limit, id: dead, ids: [dead], filter: { queue: 'default' }, text: '[]', args: [], delay: '1h' };
}

async function keys(): Promise<unknown> {
  const [, all] = await snapshot(fixture.redis);
  // Redis may return the fields of a hash in another order each time
  return Object.fromEntries(all.map(([key, kind, value]) => [key, kind === 'hash' ? mapped(value, String) : value]));
}

describe('an action without its right', () => {
  it.each(writes)('at $path answers 403, is audited as denied, and changes nothing', async ({ path, action }) => {
    const before = await keys();
    dashboard.denied.add(action);
    const { status, body: answer } = await dashboard.post(path, body);
    expect([status, answer]).toEqual([
      403,
      {
        code: 'NOT_ALLOWED',
        message: expect.stringContaining(`the right "${action}" is missing`),
        remedy: [expect.any(String)],
      },
    ]);
    expect(dashboard.audited).toMatchObject([
      { by: 'anna', action, outcome: 'denied', count: 0, subject: { namespace: 'nestwork' } },
    ]);
    expect(await keys()).toEqual(before);

    // with it the same body gets further: the right alone has kept it back
    dashboard.denied.clear();
    const allowed = await dashboard.post(path, body);
    expect(allowed.status).not.toBe(403);
    expect(dashboard.audited.at(-1)).toMatchObject({
      action,
      by: 'anna',
      outcome: expect.stringMatching(/done|failed/),
    });
  });

  it.each(writes)('at $path from another origin is refused before anything is looked at', async ({ path }) => {
    const before = await keys();
    const { status, body: answer } = await dashboard.post(path, body, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect([status, answer]).toMatchObject([403, { code: 'OTHER_ORIGIN' }]);
    expect(dashboard.audited).toEqual([]);
    expect(await keys()).toEqual(before);
  });
});

describe('a person who may not look', () => {
  it.each(ROUTES)('gets 403 from $path', async ({ kind, path }) => {
    dashboard.denied.add('view');
    const { status, body: answer } = await (kind === 'read' ? dashboard.get(path) : dashboard.post(path, body));
    expect([status, answer]).toMatchObject([403, { code: 'NOT_ALLOWED' }]);
  });
});
