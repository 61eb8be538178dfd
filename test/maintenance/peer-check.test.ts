import type { LimitDeclaration } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { type PeerCheckOptions, peerCheck } from '../../src/maintenance/peer-check.js';
import type { PeriodicLoop } from '../../src/maintenance/periodic-loop.js';
import { type AppWorker, appTasks } from '../../src/task/app-tasks.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const POLL: CronDeclaration = {
  name: 'Inbox.poll',
  queue: 'default',
  schedule: { everyMs: 1_000 },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'allow',
  disabled: false,
};
const BLOG = worker('@acme/blog', ['default', 'bulk'], 'default');

let fixture: BrokerFixture;
let warnings: string[];
let errors: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  warnings = [];
  errors = [];
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function check(options: Partial<PeerCheckOptions> = {}): PeriodicLoop {
  const loop = checkOf(options);
  if (!loop) throw new Error('There is nothing to compare.');
  return loop;
}

function checkOf(options: Partial<PeerCheckOptions>): PeriodicLoop | undefined {
  return peerCheck({
    broker: fixture.broker,
    namespace: 'nestwork',
    own: { queues: ['default'], app: undefined },
    crons: [],
    limits: [],
    onWarning: (warning) => warnings.push(warning),
    onError: (error) => errors.push(error),
    ...options,
  });
}

/** A worker of an app that has one task of its own in each of some queues. */
function worker(name: string, queues: readonly string[], ...own: readonly string[]): AppWorker {
  const tasks = own.map((queue) => ({ name: `${name}.task`, queue }));
  return { queues, app: appTasks(name, queues, tasks) };
}

let sessions = 0;

/** The session of a worker that lives elsewhere; resolves to its name. */
async function live(
  { queues, app }: AppWorker,
  catalog: readonly CronDeclaration[] = [],
  limits: readonly LimitDeclaration[] = [],
): Promise<string> {
  sessions += 1;
  const session = `w${sessions}-30000`;
  const crons = catalog.map((cron) => ({ name: cron.name, queue: cron.queue, crons: [cron] }));
  const place = { host: 'there', pid: sessions, leaseMs: 30_000 };
  await fixture.broker.openSession({ session, ...place, queues, catalog: crons, app, limits });
  return session;
}

it('a cron that another live worker declares differently is warned of once, with name and place', async () => {
  const schedule = { expression: '0 8 * * *', timeZone: 'Europe/Paris' };
  const here: CronDeclaration = { ...POLL, schedule };
  const there = [
    { ...here, schedule: { ...schedule, timeZone: 'UTC' } },
    { ...here, overlap: 'skip' as const },
    { ...here, schedule: { everyMs: 7_000 }, disabled: true },
    here,
  ];
  sessions = 0;
  for (const cron of there) await live({ queues: ['default'], app: undefined }, [cron]);
  const peers = check({ crons: [here] });
  for (let look = 0; look < 2; look += 1) await peers.tick();
  expect(warnings.sort()).toEqual([
    expect.stringContaining(
      '"0 8 * * *" in Europe/Paris here and with "0 8 * * *" in UTC by another worker (there, pid 1)',
    ),
    expect.stringContaining('`overlap` allow here and with `overlap` skip by another worker (there, pid 2)'),
  ]);
});

it('a cron that is disabled here is not compared', async () => {
  const enabled = { ...POLL, name: 'Enabled.poll' };
  const there = [POLL, enabled].map((cron) => ({ ...cron, overlap: 'skip' as const }));
  await live({ queues: ['default'], app: undefined }, there);
  await check({ crons: [{ ...POLL, disabled: true }, enabled] }).tick();
  expect(warnings).toEqual([expect.stringContaining('Enabled.poll')]);
});

it('a limit that another live worker declares differently is warned of once, with name and both declarations', async () => {
  const here: LimitDeclaration = { name: 'stripe', concurrency: 5, keyed: true, ordered: false };
  const there: LimitDeclaration[] = [
    { ...here, concurrency: 7 },
    { ...here, intervalUs: 50_000, burst: 1 },
    { ...here, keyed: false },
    here,
    { ...here, name: 'other' },
  ];
  sessions = 0;
  for (const limit of there) await live({ queues: ['default'], app: undefined }, [], [limit]);
  const peers = check({ limits: [here] });
  for (let look = 0; look < 2; look += 1) await peers.tick();
  expect(warnings.sort()).toEqual([
    expect.stringContaining(
      '"stripe" is declared with `concurrency` 5 here and with `concurrency` 7 by another worker (there, pid 1)',
    ),
    expect.stringContaining('with a `key` here and with no `key` by another worker (there, pid 3)'),
    expect.stringContaining('with no `rate` here and with `rate` 20/s by another worker (there, pid 2)'),
  ]);
});

it('another app that serves the same queues with other tasks is warned of once, with names, queues and remedy', async () => {
  sessions = 0;
  await live(BLOG);
  await live(worker('shop', ['bulk', 'default', 'urgent'], 'bulk', 'urgent'));
  await live(worker('shop', ['default'], 'default'));
  const peers = check({ own: BLOG });
  for (let look = 0; look < 2; look += 1) await peers.tick();
  expect(warnings).toEqual([
    [
      'The apps "@acme/blog" (here) and "shop" (there, pid 2) both serve the queues default, bulk in namespace "nestwork", with different tasks: ' +
        'each takes tasks of the other, parks them because it does not have them, and may let them die in the end. [SHARED_NAMESPACE]',
      '',
      'Potential solutions:',
      "- Give each app a namespace of its own, in its workers and in its senders: `namespace: 'acme-blog'` in this one, `namespace: 'shop'` in the other.",
      '- Or give each app queues of its own: other names in `queues` and `defaultQueue`, in both.',
      '- If both share their tasks on purpose, provide the same tasks in both. In a deployment this ends with the last old worker.',
    ].join('\n'),
  ]);
});

it('another app is warned of again for further queues, and each further app, too', async () => {
  const peers = check({ own: BLOG });
  await live(worker('shop', ['default'], 'default'));
  await peers.tick();
  await live(worker('shop', ['default', 'bulk'], 'bulk'));
  await live(worker('wiki', ['default'], 'default'));
  for (let look = 0; look < 2; look += 1) await peers.tick();
  expect(warnings.map((warning) => /"(\w+)" \(.* serve (.*) in namespace/.exec(warning)?.slice(1))).toEqual([
    ['shop', 'the queue default'],
    ['shop', 'the queues default, bulk'],
    ['wiki', 'the queue default'],
  ]);
});

it('workers of the same app, and apps with the same tasks, without a name, or without a lease, are not warned of', async () => {
  await live(worker('@acme/blog', ['default', 'bulk'], 'bulk'));
  await live({ queues: BLOG.queues, app: { ...appTasks('mirror', [], []), digests: BLOG.app?.digests ?? new Map() } });
  await live({ queues: ['default'], app: undefined });
  await live(worker('elsewhere', ['other'], 'other'));
  const gone = await live(worker('shop', ['default'], 'default'));
  await fixture.redis.zadd('{nestwork}:sessions', 1, gone);
  const foreign = await live(worker('shop', ['default'], 'default'));
  await fixture.redis.hset(`{nestwork}:session:${foreign}`, '@app', '{"app":["a newer version"]}');
  await check({ own: BLOG }).tick();
  expect(warnings).toEqual([]);
});

it('a warning suggests a valid namespace for any package name, and contains no text that could forge a line', async () => {
  await live(worker('~ Läden\n[Nest] all is well', ['default'], 'default'));
  await live(worker('日本', ['default'], 'default'));
  await check({ own: BLOG }).tick();
  expect(warnings[0]).toContain('and "~ Läden\\n[Nest] all is well" (there');
  expect(warnings[0]).toContain("`namespace: 'L-den-Nest-all-is-well'` in the other");
  expect(warnings[1]).toContain("`namespace: 'my-app'` in the other");
});

it('there is no check when there is nothing to compare', () => {
  const limits = [{ name: 'stripe', concurrency: 5, keyed: true, ordered: false }];
  const given = [{}, { own: BLOG }, { crons: [POLL] }, { crons: [{ ...POLL, disabled: true }] }, { limits }];
  expect(given.map((options) => checkOf(options) !== undefined)).toEqual([false, true, true, false, true]);
});

it('a failed check is reported and repeated', async () => {
  let away = true;
  const broker = {
    liveWorkers: async () => {
      if (away) throw new Error('Redis is away.');
      return fixture.broker.liveWorkers();
    },
  };
  const peers = check({ broker, own: BLOG });
  peers.start();
  await peers.stop();
  expect(errors).toEqual([new Error('Redis is away.')]);
  away = false;
  await live(worker('shop', ['default'], 'default'));
  peers.start();
  await peers.stop();
  expect(warnings).toHaveLength(1);
});
