/** Every script that takes tasks into lines, or out of their limits, with something foreign at a key of limits: it is refused before it writes. */
import type { ChildExit, Claimant } from '../../src/broker/port/broker.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';
import { fireCron } from '../support/fire-cron.js';
import { memberOf, openGroup } from '../support/groups.js';
import { declareLimit, limitedMessage, limitKey } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const ACME = limitKey('stripe', 'acme');
const REPORT = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };
const CRON = { name: 'Reports.daily', queue: QUEUE };
const OF_LIMITS = ['limits', 'slots', 'limit-labels', 'rates', 'paced', 'waiters', 'held:default', 'ready:default'];
const SCHEDULED = 4_102_444_800_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Tasks of one line: one that a child holds, one that waits, one on the schedule, one that is dead. */
interface Scene {
  readonly child: Claimant;
  readonly held: { readonly id: string; readonly queue: string };
  readonly waiting: string;
  readonly scheduled: string;
  readonly death: readonly [id: string, diedAt: string];
  readonly group: string;
}

const limited = (key: string): string =>
  limitedMessage(fixture, { limits: [ACME], unique: encodeUnique('Some.task', key, 'finished') });
const add = (message: string, due?: { at: number }, replace = false) =>
  fixture.broker.enqueueUnique(QUEUE, message, { due, replace, labels: [] });

async function sceneWithAnOverdueSession(): Promise<Scene> {
  await declareLimit(fixture, 'stripe', { most: 2 });
  const child = await fixture.child();
  const [dead, held, waiting, scheduled] = ['dead', 'held', 'waiting', 'scheduled'].map(limited) as Four;
  await add(scheduled, { at: SCHEDULED });
  await add(dead);
  await add(held);
  await fixture.broker.claim(child, { number: 1, limit: 2, limited: 2, acks: [] });
  await add(waiting);
  await fixture.broker.bury(child, { id: idOf(dead), queue: QUEUE }, REPORT);
  const diedAt = (await fixture.redis.zscore(`${NAMESPACE}dead:default`, idOf(dead))) ?? '';
  await fixture.redis.zadd(`${NAMESPACE}sessions`, (await fixture.now()) - 1, child.session);
  const group = await openGroup(fixture.broker.groups, fixture.ids.next());
  const death = [idOf(dead), diedAt] as const;
  return { child, held: { id: idOf(held), queue: QUEUE }, waiting, scheduled, death, group };
}
type Four = [string, string, string, string];

const settle =
  (given: (id: string) => Partial<ChildExit>) =>
  ({ child, held }: Scene) =>
    fixture.broker.settle(child, childExit(given(held.id)));

const retry =
  (inMs: number) =>
  ({ child, held }: Scene) =>
    fixture.broker.retry(child, held, { inMs, failures: 0, line: '', counts: true });

const WAYS: [way: string, run: (scene: Scene) => Promise<unknown>][] = [
  [
    'an end',
    ({ child, held }) => fixture.broker.results.finish(child, [{ id: held.id, result: 'd[7]', limited: true }]),
  ],
  ['a retry at once', retry(0)],
  ['a retry after a while', retry(60_000)],
  ['a release', ({ child, held }) => fixture.broker.release(child, [held.id])],
  ['a burial', ({ child, held }) => fixture.broker.bury(child, held, REPORT)],
  ['a settlement with a task that is done', settle((id) => ({ done: [id] }))],
  ['a settlement with a crash', settle((id) => ({ blamed: [id], maxCrashes: 1 }))],
  ['a reap', ({ child }) => fixture.broker.reap(child.session, 30_000)],
  [
    'a cancellation',
    ({ waiting }) =>
      fixture.call('cancel-waiting', { queue: QUEUE, place: 'held', message: waiting, passed: 0, answering: [] }),
  ],
  [
    'a purge',
    () =>
      fixture.call('purge-pending', {
        ...{ queue: QUEUE, place: 'pending', passed: 0, look: 10, mostBytes: 1_000, call: '', before: '' },
      }),
  ],
  [
    'another time',
    ({ scheduled }) => fixture.call('reschedule', { queue: QUEUE, message: scheduled, dueFrom: 'in', dueMs: 0 }),
  ],
  ['a redrive', ({ death }) => fixture.call('redrive', { queue: QUEUE, deaths: death, noting: [], kept: [] })],
  [
    'a redrive with other arguments',
    ({ death: [id, diedAt] }) =>
      fixture.call('redrive-edited', {
        ...{ queue: QUEUE, id, diedAt, body: '["Some.task",[]]', sent: '[]', noting: [], kept: [] },
      }),
  ],
  ['a new task', () => fixture.broker.enqueueLimited(QUEUE, [limitedMessage(fixture, { limits: [ACME] })], {})],
  ['a new task with a key', () => add(limited('new'))],
  ['a task in the place of one with limits', () => add(fixture.uniqueMessage('waiting'), undefined, true)],
  [
    'a new member of a batch',
    ({ group }) => {
      const member = memberOf(fixture, group);
      const message = `${member.slice(0, 34)}l${ACME}${member.slice(34)}`;
      return fixture.broker.groups.add(group, QUEUE, [message]);
    },
  ],
  [
    'a run of a cron',
    async () => {
      const due = (await fixture.now()) - 1_000;
      await fixture.redis.hset(`${NAMESPACE}crons`, `${CRON.name} until`, due - 1);
      const message = encodeMessage({
        ...{ id: fixture.ids.next(), name: CRON.name, payload: '[]', enqueuedAt: due, tags: `l${ACME}` },
        options: { cron: CRON.name, due },
      });
      try {
        return await fireCron(fixture.broker.crons, CRON, [{ due, message }]);
      } finally {
        await fixture.redis.del(`${NAMESPACE}crons`);
      }
    },
  ],
  [
    'a run of a cron that moves',
    () =>
      fixture.call('move-cron-run', {
        ...{ digest: encodeUnique('Some.task', 'waiting', 'finished').slice(1), from: QUEUE, to: 'bulk' },
      }),
  ],
  [
    'an order about a group',
    () => fixture.call('tend-groups', { orders: 10, broadcastsKept: 10, queues: [QUEUE], kept: [], answering: [] }),
  ],
];

/** A task behind others of its line has nothing to do with their limit. */
const OF_LINES = ['held:default', 'ready:default'];
const keysOf = (way: string): readonly string[] => (way === 'a new task' ? OF_LINES : OF_LIMITS);

it.each(WAYS.flatMap(([way, run]) => keysOf(way).map((key) => [way, key, run] as const)))(
  '%s refuses by name when %s is foreign, and writes nothing',
  async (_way, name, run) => {
    const scene = await sceneWithAnOverdueSession();
    const key = NAMESPACE + name;
    const exists = (await fixture.redis.exists(key)) === 1;
    if (exists) await fixture.redis.rename(key, 'aside');
    await fixture.redis.set(key, 'foreign');
    const before = await fixture.state();
    await expect(run(scene)).rejects.toThrow(`WRONGTYPE ${key} is a string`);
    expect(await fixture.state()).toEqual(before);
    if (exists) await fixture.redis.rename('aside', key);
    else await fixture.redis.del(key);
    await expect(run(scene)).resolves.toBeDefined();
  },
);

it.each(['slots', 'waiters', 'held:default'])('tasks without limits go on while %s is foreign', async (name) => {
  await fixture.redis.set(NAMESPACE + name, 'foreign');
  const [done, again, dead, back] = fixture.messages(4) as Four;
  const child = await fixture.holderOf([done, again, dead, back]);
  const handle = (message: string) => ({ id: idOf(message), queue: QUEUE });
  expect(await fixture.broker.results.finish(child, [{ id: idOf(done), result: 'd[7]', inGroup: true }])).toBe(1);
  expect(await fixture.broker.retry(child, handle(again), { inMs: 0, failures: 0, line: '', counts: true })).toBe(true);
  expect(await fixture.broker.bury(child, handle(dead), REPORT)).toBe(true);
  expect(await fixture.broker.release(child, [idOf(back)])).toBe(1);
  const input = { queue: QUEUE, place: 'pending', message: back, passed: 0, answering: [] };
  expect(await fixture.call('cancel-waiting', input)).toBe(1);
  await fixture.redis.del(NAMESPACE + name);
});
