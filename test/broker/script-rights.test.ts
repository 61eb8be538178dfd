/** A sender with the rights of docs/redis-keys.md can make the calls they are listed for. For those of a worker, see test/process. */
import type { Action } from '../../src/broker/port/action-port.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { GroupInspector } from '../../src/inspector/groups/group-inspector.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { MetricsReader } from '../../src/inspector/metrics/metrics-reader.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { callTags } from '../../src/message/call-tags.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';
import { callback, memberOf, nodesOf, openGroup } from '../support/groups.js';
import { documentedSteps, urlAs } from '../support/least-rights.js';
import { limitedMessages } from '../support/limited-tasks.js';

const [EVERYBODY = [], ...PARTS] = documentedSteps('shop-sender');
const FUTURE = Date.now() + 3_600_000;
const CRON: CronDeclaration = {
  name: 'Reports.daily',
  queue: 'default',
  schedule: { expression: '0 8 * * *', timeZone: 'UTC' },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'skip',
  disabled: false,
};

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

type Act = (sender: RedisBroker) => Promise<unknown>;

const DEATH = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };

/** What it adds to the record of actions for each of its actions. */
const ACTION: Action = { action: 'redrive', subject: 'x', count: 1, by: 'anna' };

/** In the order of the page. */
const USES: [string, Act][] = [
  [
    'sends with a limit, now and later',
    async (sender) => {
      const tags = `l${'a'.repeat(27)}`;
      const limited = (): string =>
        encodeMessage({ id: fixture.ids.next(), name: 'A.b', payload: '[]', enqueuedAt: 1, tags });
      await sender.enqueueLimited('default', [limited()], { labels: ['a'.repeat(27), 'acme'] });
      await sender.enqueueLimited('default', [limited()], { labels: [], due: { at: FUTURE } });
    },
  ],
  [
    'sends with unique keys, also in place of a task that waits',
    async (sender) => {
      await sender.enqueueUnique('default', fixture.uniqueMessage('k'), { due: { at: FUTURE }, replace: false });
      await sender.enqueueUnique('bulk', fixture.uniqueMessage('k'), { due: undefined, replace: true });
      await sender.enqueueUnique('bulk', fixture.uniqueMessage('k'), { due: undefined, replace: true });
    },
  ],
  ['broadcasts', (sender) => sender.broadcast([fixture.message()])],
  [
    'finds and cancels tasks in any state',
    async (sender) => {
      const [pending, scheduled, active] = fixture.messages(3) as [string, string, string];
      await fixture.broker.enqueue('default', [active]);
      await fixture.claim(await fixture.child());
      await sender.enqueue('default', [pending]);
      await sender.enqueue('default', [scheduled], { at: FUTURE });
      const [dead = ''] = await seedDead(fixture, [{}]);
      const unique = fixture.uniqueMessage('k');
      await fixture.broker.enqueueUnique('default', unique, { due: undefined, replace: false });
      const places = [];
      for (const message of [pending, scheduled, active, dead, unique]) places.push(await sender.cancel(idOf(message)));
      expect(places.map(({ state }) => state)).toEqual(['pending', 'scheduled', 'active', 'dead', 'pending']);
      expect(await sender.locate(idOf(active))).toMatchObject({ state: 'cancelled' });
      expect(await sender.locate(idOf(fixture.message()))).toMatchObject({ state: 'unknown' });
    },
  ],
  [
    'sends tasks that keep results, and waits for them',
    async (sender) => {
      const tags = callTags(undefined, { seconds: 60, announced: true });
      const asking = { id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags };
      const message = encodeMessage(asking);
      await sender.enqueue('default', [message]);
      const child = await fixture.child();
      const ended = sender.results.ended(message.slice(0, 12), 5_000);
      await fixture.claim(child);
      await sender.enqueue('default', [fixture.message()], { at: FUTURE });
      expect(await sender.locate(idOf(message))).toMatchObject({ state: 'active' });
      expect(await sender.locate(idOf(fixture.message()))).toMatchObject({ state: 'unknown' });
      await fixture.broker.results.finish(child, [{ id: idOf(message), result: 'd[7]' }]);
      expect(await ended).toEqual([{ id: idOf(message), result: { stored: 'd[7]' } }]);
      expect(await sender.results.read([idOf(message)])).toEqual([{ stored: 'd[7]' }]);
    },
  ],
  [
    'makes batches and flows, and cancels them',
    async ({ groups }) => {
      const batch = await openGroup(groups, fixture.ids.next(), { done: callback(fixture, 'Some.task') });
      await groups.add(batch, 'default', [memberOf(fixture, batch)]);
      await groups.add(batch, 'default', [memberOf(fixture, batch)], { due: { at: FUTURE } });
      await groups.seal(batch);
      expect(await groups.read([batch])).toMatchObject([{ total: 2, state: 'open' }]);
      expect(await groups.cancel(batch)).toBe('cancelled');
      const flow = await openGroup(groups, fixture.ids.next(), { kind: 'flow' });
      await groups.reserve(flow, 2);
      expect(await groups.addNodes(flow, nodesOf(fixture, flow, [[1], []]))).toBe('added');
    },
  ],
  [
    'relays the rows of an outbox',
    async ({ outbox }) => {
      const [plain, later] = fixture.messages(2) as [string, string];
      const unique = { queue: 'default', onConflict: 'replace' } as const;
      const limited = limitedMessages(fixture, 1, { limits: ['a'.repeat(27)] });
      const rows = [
        { queue: 'default', message: plain },
        { queue: 'default', message: later, dueAt: FUTURE },
        { ...unique, message: fixture.uniqueMessage('k') },
        { ...unique, message: fixture.uniqueMessage('k') },
        ...limited.map((message) => ({ queue: 'default', message, labels: ['a'.repeat(27), 'acme'] })),
        { queue: '(broadcast)', message: fixture.message() },
      ];
      expect(await outbox.takeTurn('table', 'relay', 1_000)).toBe(true);
      expect(await outbox.relay('table', rows, await outbox.now())).toEqual(rows.map(() => undefined));
      await outbox.forget('table', await outbox.marked('table', FUTURE, 10));
      expect(await outbox.takeTurn('table', 'relay', 0)).toBe(true);
    },
  ],
  [
    'reads, redrives and deletes dead tasks',
    async ({ deadLetters, actions }) => {
      await actions.record(ACTION);
      const messages = await seedDead(fixture, [{ message: fixture.uniqueMessage('k') }, {}, {}, {}]);
      const deaths = messages.map((message, index) => ({ id: idOf(message), diedAt: 1_000 + index }));
      const after = deaths[0];
      const { entries } = await deadLetters.read('default', { range: {}, order: 'oldest', after, limit: 9 });
      expect(entries.length).toBe(3);
      expect(await deadLetters.counts(['default'], {})).toEqual([4]);
      expect(await deadLetters.find('default', idOf(messages[0] ?? ''))).toBeDefined();
      expect(await deadLetters.redrive('default', deaths.slice(0, 2))).toEqual(['redriven', 'redriven']);
      const edit = { body: '["Some.task",[8]]', sent: '[7]' };
      expect(await deadLetters.redriveEdited('default', { id: '', diedAt: 0, ...deaths[3] }, edit)).toBe('redriven');
      expect(await deadLetters.remove('default', deaths.slice(2))).toBe(1);
      expect(await deadLetters.now()).toBeGreaterThan(0);
    },
  ],
  [
    'asks how broadcasts ended',
    async ({ broadcasts }) => [await broadcasts.outcomes(fixture.ids.next()), await broadcasts.gaps()],
  ],
  [
    'pauses, resumes and runs crons',
    async (sender) => {
      await sender.actions.record(ACTION);
      await fixture.broker.crons.declare([CRON], 1_000);
      await fixture.child();
      expect(await sender.crons.pause(CRON.name)).toBe(true);
      expect(await sender.crons.resume(CRON.name)).toBe(true);
      expect(await sender.crons.records()).toMatchObject([{ name: CRON.name }]);
      await sender.enqueueUnique('default', fixture.uniqueMessage('k'), { due: undefined, replace: false });
    },
  ],
  [
    'reads what was counted',
    async (sender) => {
      const { metrics } = sender;
      await declareForRights();
      await fixture.holderOf([fixture.message()]);
      const now = await metrics.now();
      for await (const _ of metrics.buckets({ minutes: 1, from: now, to: now }));
      for await (const _ of metrics.buckets({ minutes: 10, from: now, to: now }));
      expect(await metrics.totals()).toEqual([]);
      const known = KnownQueues.declaredOrServed(['bulk'], sender.catalog);
      expect(await new MetricsReader(sender, known).current()).toMatchObject({
        queues: [{ queue: 'bulk' }, { queue: 'default' }],
        limits: [
          { name: 'files', used: 0, waitingLines: 0, waitingTasks: 0 },
          { name: 'stripe', used: 1, waitingLines: 1 },
        ],
        active: [{ host: 'test', tasks: 3 }],
      });
    },
  ],
  [
    'asks for the state of queues',
    async (sender) => {
      await sender.enqueue('default', [fixture.message()], { at: FUTURE });
      await fixture.child();
      expect(await sender.queueStates(['default'])).toMatchObject([{ scheduled: 1, served: true }]);
      expect(await sender.staleAcks()).toBe(0);
    },
  ],
  [
    'pauses and resumes queues',
    async ({ pauses, actions }) => {
      await actions.record(ACTION);
      await pauses.pause('default', { forMs: 60_000, by: 'anna', reason: undefined });
      expect(await pauses.pauses()).toMatchObject([{ queue: 'default' }]);
      expect(await pauses.resume('default')).toBe(true);
    },
  ],
  [
    'looks at tasks in every state and acts on them',
    async ({ places, results }) => {
      const [due = '', ...waiting] = fixture.messages(3);
      await fixture.broker.enqueue('default', [due], { at: FUTURE });
      const child = await fixture.holderOf(waiting.slice(1));
      await fixture.broker.enqueue('default', waiting.slice(0, 1));
      const query = { order: 'oldest', at: 0, limit: 10, look: 10, task: undefined, id: undefined } as const;
      for (const state of ['pending', 'quarantined', 'scheduled'] as const) {
        await places.sizes([{ queue: 'default', state }]);
        await places.page({ queue: 'default', state }, query);
      }
      expect(await places.children()).toMatchObject([{ child: child.child }]);
      const { tasks: held } = await places.held(child.child, { after: '', limit: 10 });
      expect(await places.drainer()).toBeUndefined();
      expect(await places.find('0'.repeat(20), ['default'])).toMatchObject({ state: 'unknown' });
      expect(await results.kept('0'.repeat(20))).toBeUndefined();
      expect(await places.reschedule('default', due, { in: 0 })).toBe(true);
      for (const id of [idOf(due), held[0]?.id ?? '']) await places.cancel(id, ['default']);
      const all = { state: 'pending', passed: 0, task: undefined, before: undefined, look: 10 } as const;
      expect(await places.purge('default', all)).toMatchObject({ purged: 2 });
      expect(await places.now()).toBeGreaterThan(0);
    },
  ],
  [
    'looks at batches and flows, and cancels them',
    async (sender) => {
      const { groups } = fixture.broker;
      const flow = await openGroup(groups, fixture.ids.next(), { kind: 'flow' });
      await groups.reserve(flow, 2);
      await groups.addNodes(flow, nodesOf(fixture, flow, [[1], []]));
      const child = await fixture.child();
      for (const { id } of (await fixture.claim(child)).tasks)
        await fixture.broker.bury(child, { id, queue: 'default' }, DEATH, '');
      const inspector = new GroupInspector(sender);
      const { groups: listed, cursor } = await inspector.list({ limit: 1 });
      expect([listed, cursor]).toMatchObject([[{ id: flow, state: 'failed' }], undefined]);
      await inspector.list({ cursor: Buffer.from(JSON.stringify([fixture.ids.next(), 1])).toString('base64url') });
      expect((await inspector.nodes(flow)).nodes).toMatchObject([
        { state: 'dead', code: 'TASK_FAILED' },
        { state: 'waiting' },
      ]);
      expect(await inspector.cancel(flow, { by: 'anna' })).toBe(true);
    },
  ],
  [
    'looks at limits and changes them',
    async (sender) => {
      await declareForRights();
      const { limits } = new Inspector(sender);
      expect(await limits.list()).toMatchObject({ limits: [{ name: 'files' }, { name: 'stripe', keysInUse: 1 }] });
      expect((await limits.keys('stripe')).keys).toMatchObject([{ key: 'acme', used: 1, waitingLines: 1 }]);
      await limits.set('stripe', { key: 'acme', concurrency: 2 }, { for: '1h', by: 'anna' });
      await limits.set('files', { rate: '1/h' });
      expect(await limits.reset('stripe', { key: 'acme' })).toMatchObject({ override: { concurrency: 2 } });
      expect(await limits.key('stripe', 'acme')).toMatchObject({ used: 1, override: undefined });
    },
  ],
  [
    'looks at workers and steers them',
    async ({ workers, actions }) => {
      await actions.record(ACTION);
      const { session } = await fixture.child();
      await workers.watch(1_000);
      expect(await workers.workers()).toMatchObject([{ session }]);
      expect(await workers.order(session, { action: 'quiet', pid: undefined, by: 'anna' })).toBeDefined();
    },
  ],
  ['lists actions', ({ actions }) => actions.latest(10)],
];

/** Two limits, one of which is held and waited for. */
async function declareForRights(): Promise<void> {
  const session = `s${fixture.ids.next()}-30000`;
  const limits = ['stripe', 'files'].map((name) => ({
    name,
    concurrency: 1,
    keyed: name === 'stripe',
    ordered: false,
  }));
  const place = { queues: ['default'], host: 'test', pid: 1, catalog: [] };
  await fixture.broker.openSession({ session, leaseMs: 30_000, ...place, limits });
  const child = { session, child: `${session}.1`, queues: ['default'] };
  await fixture.broker.register(session, child.child);
  const limit = limitKey('stripe', 'acme');
  const messages = limitedMessages(fixture, 2, { limits: [limit] });
  await fixture.broker.enqueueLimited('default', messages, { labels: [limit, 'acme'] });
  await fixture.broker.claim(child, { number: 1, limit: 10, limited: 8, acks: [] });
}

it.each(USES.map(([use, act], index) => [use, act, index] as const))(
  'a sender with exactly the rights for it %s',
  async (_use, act, index) => {
    const { redis, server } = fixture;
    await redis.call('ACL', 'DELUSER', 'shop-sender');
    await redis.call('ACL', 'SETUSER', 'shop-sender', ...EVERYBODY, ...(PARTS[index] ?? []));
    await redis.call('ACL', 'LOG', 'RESET');
    const settings = urlAs('shop-sender', server.url);
    const options = { redis: settings, namespace: 'nestwork', queues: ['default', 'bulk'], commandTimeoutMs: 5_000 };
    const sender = new RedisBroker(options);
    try {
      await sender.connect();
      await sender.enqueue('default', fixture.messages(1));
      await act(sender);
    } finally {
      await sender.close();
    }
    const log = (await redis.call('ACL', 'LOG')) as string[][];
    expect(log.map((entry) => entry.join(' ')).filter((entry) => !entry.includes('client|setinfo'))).toEqual([]);
  },
);
