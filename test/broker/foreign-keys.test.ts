/** Every way in which a task leaves a state, with something foreign at one of its keys: it is refused before it writes. */
import type { ChildExit, Claimant } from '../../src/broker/port/broker.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const LEASE_MS = 30_000;
const REPORT = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };
const QUEUE = ['queue', 'suspects', 'bell', 'scheduled', 'dead', 'dead-records'].map((key) => `${key}:default`);
const ENDS = ['unique', 'cancelled'];

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Three tasks, each with a key of its own: one that a child holds, one that waits, one that is dead. */
interface Scene {
  readonly child: Claimant;
  readonly held: { readonly id: string; readonly queue: string };
  readonly waiting: string;
  readonly death: readonly (string | number)[];
}

async function sceneWithAnOverdueSession(): Promise<Scene> {
  const child = await fixture.child();
  const messages = ['dead', 'held', 'waiting'].map((key) => fixture.uniqueMessage(key));
  const [dead = '', held = '', waiting = ''] = messages;
  for (const message of messages)
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
  await fixture.claim(child, 2);
  await fixture.broker.bury(child, { id: idOf(dead), queue: 'default' }, REPORT);
  const diedAt = await fixture.redis.zscore(`${NAMESPACE}dead:default`, idOf(dead));
  await fixture.redis.zadd(`${NAMESPACE}sessions`, (await fixture.now()) - 1, child.session);
  return { child, held: { id: idOf(held), queue: 'default' }, waiting, death: [idOf(dead), diedAt ?? ''] };
}

const settle =
  (given: (id: string) => Partial<ChildExit>) =>
  ({ child, held }: Scene) =>
    fixture.broker.settle(child, childExit(given(held.id)));

const retry =
  (inMs: number) =>
  ({ child, held }: Scene) =>
    fixture.broker.retry(child, held, { inMs, failures: 0, line: '', counts: true });

const WAYS: [way: string, keys: string[], run: (scene: Scene) => Promise<unknown>][] = [
  ['an ack', ['claims', ...ENDS], ({ child, held }) => fixture.broker.ack(child, [held.id])],
  [
    'an end with a result',
    ['claims', ...ENDS],
    ({ child, held }) => fixture.broker.results.finish(child, [{ id: held.id, result: 'd[7]' }]),
  ],
  ['a retry at once', ['claims', ...ENDS, ...QUEUE], retry(0)],
  ['a retry after a while', ['claims', ...ENDS, ...QUEUE], retry(60_000)],
  ['a release', ['claims', ...ENDS, ...QUEUE], ({ child, held }) => fixture.broker.release(child, [held.id])],
  ['a burial', ['claims', ...ENDS, ...QUEUE], ({ child, held }) => fixture.broker.bury(child, held, REPORT)],
  ['a settlement with a task that is done', ['claims', ...ENDS, ...QUEUE], settle((id) => ({ done: [id] }))],
  ['a settlement with a crash', ['claims', ...ENDS, ...QUEUE], settle((id) => ({ blamed: [id], maxCrashes: 1 }))],
  ['a reap', ['claims', ...ENDS, ...QUEUE], ({ child }) => fixture.broker.reap(child.session, LEASE_MS)],
  [
    'a cancellation',
    ENDS,
    ({ waiting }) =>
      fixture.call('cancel-waiting', {
        queue: 'default',
        place: 'pending',
        message: waiting,
        passed: 0,
        answering: [],
      }),
  ],
  [
    'a redrive',
    [...ENDS, 'queue:default', 'bell:default', 'dead:default', 'dead-records:default'],
    ({ death }) => fixture.call('redrive', { queue: 'default', deaths: death, noting: [], kept: [] }),
  ],
  [
    'a redrive with other arguments',
    [...ENDS, 'queue:default', 'bell:default', 'dead:default', 'dead-records:default'],
    ({ death: [id = '', diedAt = ''] }) =>
      fixture.call('redrive-edited', {
        queue: 'default',
        id,
        diedAt,
        body: '["Some.task",[]]',
        sent: '[]',
        noting: [],
        kept: [],
      }),
  ],
  [
    'a removal of the dead',
    ['dead:default', 'dead-records:default'],
    ({ death }) => fixture.call('delete-dead', { queue: 'default', deaths: death }),
  ],
  [
    'a purge',
    ['dead:default', 'dead-records:default'],
    () => fixture.call('purge', { queue: 'default', retentionMs: '', kept: 0, most: 10 }),
  ],
];

it.each(WAYS.flatMap(([way, keys, run]) => keys.map((key) => [way, key, run] as const)))(
  '%s refuses by name when %s is foreign, and writes nothing',
  async (_way, name, run) => {
    const scene = await sceneWithAnOverdueSession();
    const key = NAMESPACE + (name === 'claims' ? `claims:${scene.child.child}` : name);
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

it('a scheduled retry is not refused for a foreign alarm, because a promoter looks again by itself', async () => {
  const scene = await sceneWithAnOverdueSession();
  await fixture.redis.set(`${NAMESPACE}alarm`, 'foreign');
  expect(await retry(60_000)(scene)).toBe(true);
  expect(await fixture.redis.zcard(`${NAMESPACE}scheduled:default`)).toBe(1);
  await fixture.redis.del(`${NAMESPACE}alarm`);
});
