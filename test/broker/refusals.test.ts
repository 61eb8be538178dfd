/**
 * Commands that Redis refuses in the middle of a script, by the rights of the user: nothing may look as if it had been added, and no
 * task may be lost.
 */
import type { Claimant } from '../../src/broker/port/broker.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

const REPORT = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };

let fixture: BrokerFixture;
let narrow: RedisBroker;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', 'on', '>narrow', '~*', '+@all');
  const redis = fixture.server.url.replace('://', '://narrow:narrow@');
  narrow = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 });
  await narrow.connect();
});
afterAll(async () => {
  await narrow.close();
  await fixture.stop();
});

it.each([
  ['rpush', 'enqueue', (message: string) => narrow.enqueue('default', [message])],
  ['zadd', 'schedule', (message: string) => narrow.enqueue('default', [message], { in: 60_000 })],
  ['xadd', 'broadcast', (message: string) => narrow.broadcast([message])],
  [
    'rpush',
    'enqueue-unique',
    (message: string) => narrow.enqueueUnique('default', message, { due: undefined, replace: false }),
  ],
])('without %s, %s adds nothing, and the same id can be sent once it is allowed', async (right, script, send) => {
  const unique = script === 'enqueue-unique' ? encodeUnique('a', 'key', 'finished') : undefined;
  const message = encodeMessage({ id: fixture.ids.next(), name: 'a', payload: '[]', enqueuedAt: 1, tags: unique });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `-${right}`);
  const remedy = expect.stringContaining('Give its user the rights that docs/redis-keys.md lists');
  await expect(send(message)).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN', message: remedy });
  expect(await fixture.state()).toEqual({});
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `+${right}`);
  await send(message);
  expect(JSON.stringify(await fixture.state())).toContain(message.slice(0, 34));
  await fixture.reset();
});

/** A child that holds a task, and had one that died: all of them with a key. */
async function holder(): Promise<{ child: Claimant; held: string; dead: string; death: [string, string] }> {
  const child = await fixture.child();
  const [dead, held] = [fixture.uniqueMessage('dead'), fixture.uniqueMessage('held')];
  for (const message of [dead, held])
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
  await fixture.claim(child);
  await fixture.broker.bury(child, { id: idOf(dead), queue: 'default' }, REPORT);
  const diedAt = await fixture.redis.zscore('{nestwork}:dead:default', idOf(dead));
  return { child, held, dead, death: [idOf(dead), diedAt ?? ''] };
}

type Holder = Awaited<ReturnType<typeof holder>>;

const tryAgain =
  (inMs: number) =>
  ({ child, held }: Holder) =>
    narrow.retry(child, { id: idOf(held), queue: 'default' }, { inMs, failures: 0, line: '', counts: true });

it.each<[right: string, way: string, leave: (holder: Holder) => Promise<unknown>]>([
  ['rpush', 'a retry at once', tryAgain(0)],
  ['zadd', 'a retry after a while', tryAgain(60_000)],
  ['lpush', 'a release', ({ child, held }) => narrow.release(child, [idOf(held)])],
  ['lpush', 'a settlement', ({ child }) => narrow.settle(child, childExit({}))],
  ['zadd', 'a burial', ({ child, held }) => narrow.bury(child, { id: idOf(held), queue: 'default' }, REPORT)],
])('without %s, %s leaves the task with its child, under its key', async (right, _way, leave) => {
  const scene = await holder();
  const before = await fixture.state();
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `-${right}`);
  await expect(leave(scene)).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `+${right}`);
  expect(await fixture.state()).toEqual(before);
  await leave(scene);
  expect(await fixture.redis.hlen(`{nestwork}:claims:${scene.child.child}`)).toBe(0);
  await fixture.reset();
});

it('without hset, a burial leaves the task with its child, under its key, and works later', async () => {
  const { child, held } = await holder();
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-hset');
  const task = { id: idOf(held), queue: 'default' };
  await expect(narrow.bury(child, task, REPORT)).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+hset');
  expect(await fixture.redis.hvals(`{nestwork}:claims:${child.child}`)).toEqual([`default ${held}`]);
  expect(await fixture.redis.hvals('{nestwork}:unique')).toEqual([`default ${held}`]);
  expect(await narrow.bury(child, task, REPORT)).toBe(true);
  await fixture.reset();
});

it('without zadd, a settlement leaves a foreign entry among the claims', async () => {
  const { child, held } = await holder();
  const claims = `{nestwork}:claims:${child.child}`;
  await fixture.redis.hset(claims, 'some-field', 'bytes');
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-zadd');
  await expect(narrow.settle(child, childExit({}))).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+zadd');
  expect(await fixture.redis.hgetall(claims)).toEqual({ [idOf(held)]: `default ${held}`, 'some-field': 'bytes' });
  await narrow.settle(child, childExit({}));
  await fixture.reset();
});

it('without rpush, a redrive leaves the task among the dead', async () => {
  const { death, dead } = await holder();
  const before = await fixture.state();
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-rpush');
  const redrive = narrow.deadLetters.redrive('default', [{ id: idOf(dead), diedAt: Number(death[1]) }]);
  await expect(redrive).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+rpush');
  expect(await fixture.state()).toEqual(before);
  await fixture.reset();
});

it('without rpush, a task that would replace another leaves that one in its place', async () => {
  const [former, next] = [fixture.uniqueMessage('key'), fixture.uniqueMessage('key')];
  await fixture.broker.enqueueUnique('default', former, { due: undefined, replace: false });
  const before = await fixture.state();
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-rpush');
  const replaced = narrow.enqueueUnique('default', next, { due: undefined, replace: true });
  await expect(replaced).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+rpush');
  expect(await fixture.state()).toEqual(before);
  await fixture.reset();
});

it('without the right to run scripts the error names the rights, and with a foreign key it names the remedy', async () => {
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-eval', '-evalsha');
  await expect(narrow.promote(1)).rejects.toThrow('Give its user the rights that docs/redis-keys.md lists');
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+eval', '+evalsha');
  await fixture.redis.set('{nestwork}:queue:default', 'foreign');
  await expect(narrow.enqueue('default', [fixture.message()])).rejects.toThrow('Delete or rename that key');
  await fixture.redis.del('{nestwork}:queue:default');
  await fixture.reset();
});
