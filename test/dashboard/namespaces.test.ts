import { RedisServer } from '../../src/testing/redis-server.js';
import { type DashboardApp, DashboardApps } from '../support/dashboard-apps.js';
import '../support/dashboard-probes.js';

let apps: DashboardApps;
let other: RedisServer;
beforeAll(async () => {
  [apps, other] = await Promise.all([DashboardApps.start(), RedisServer.start()]);
});
afterEach(() => apps.close());
afterAll(async () => {
  await apps.stop();
  await other.stop();
});

function boot(): Promise<DashboardApp> {
  const namespaces = {
    shop: { redis: apps.server.url, namespace: 'shop' },
    'Bücher & mehr': { redis: other.url, commandTimeout: '500ms' },
  } as const;
  return apps.boot({ withoutQueues: true, dashboard: { access: 'public', can: () => true, namespaces } });
}

const OTHER = `in=${encodeURIComponent('Bücher & mehr')}`;

it('an app without TaskQueueModule shows the namespaces that are named', async () => {
  const app = await boot();
  expect(await (await app.get('/queues/api/session')).json()).toMatchObject({
    namespaces: [{ name: 'shop' }, { name: 'Bücher & mehr' }],
  });
  expect(await (await app.get('/queues/api/test/echo')).json()).toMatchObject({ namespace: 'shop' });
  expect(await (await app.get(`/queues/api/test/echo?${OTHER}`)).json()).toMatchObject({ namespace: 'Bücher & mehr' });
});

it('the namespaces that are named stand in place of that of the app', async () => {
  const namespaces = { only: { redis: other.url } };
  const app = await apps.boot({ dashboard: { access: 'public', namespaces } });
  expect(await (await app.get('/queues/api/test/echo')).json()).toMatchObject({ namespace: 'only' });
  expect((await app.get('/queues/api/test/echo?in=nestwork')).status).toBe(404);
});

it.each(['nowhere', '', '__proto__', 'toString'])('the namespace %j, which is not there, answers 404', async (name) => {
  const app = await boot();
  const answer = await app.get(`/queues/api/test/echo?in=${name}`);
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'UNKNOWN_NAMESPACE' }]);
});

it('a server that is away holds up its own namespace alone, and is found again when it is back', async () => {
  await other.kill();
  const app = await boot();
  const [shop, away] = await Promise.all([
    app.get('/queues/api/test/queues?in=shop'),
    app.get(`/queues/api/test/queues?${OTHER}`),
  ]);
  expect([shop.status, await shop.json()]).toEqual([200, []]);
  expect([away.status, await away.json()]).toMatchObject([503, { code: 'REDIS_UNAVAILABLE' }]);
  expect((await app.get('/queues/api/session')).status).toBe(200);
  await other.restart();
  expect((await app.get(`/queues/api/test/queues?${OTHER}`)).status).toBe(200);
});

it('a server that goes away while the dashboard is open answers 503 until it is back', async () => {
  const app = await boot();
  expect((await app.get(`/queues/api/test/queues?${OTHER}`)).status).toBe(200);
  await other.kill();
  expect((await app.get(`/queues/api/test/queues?${OTHER}`)).status).toBe(503);
  await other.restart();
  let status = 0;
  while (status !== 200) ({ status } = await app.get(`/queues/api/test/queues?${OTHER}`));
});
