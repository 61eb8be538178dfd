/** What Redis refuses in the middle of a script, by the rights of the user: nothing may look as if it had been added. */
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { encodeMessage } from '../../src/task/task-message.js';
import { encodeUnique } from '../../src/task/unique-key.js';
import { BrokerFixture } from '../support/broker-fixture.js';

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
])('without %s, %s adds nothing, and the same id can be sent when it is allowed', async (right, script, send) => {
  const unique = script === 'enqueue-unique' ? encodeUnique('a', 'key', 'finished') : undefined;
  const message = encodeMessage({ id: fixture.ids.next(), name: 'a', payload: '[]', enqueuedAt: 1, unique });
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `-${right}`);
  const remedy = expect.stringContaining('Give its user the rights that docs/redis-keys.md lists.');
  await expect(send(message)).rejects.toMatchObject({ code: 'REDIS_REFUSED', message: remedy });
  expect(await fixture.state()).toEqual({});
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', `+${right}`);
  await send(message);
  expect(JSON.stringify(await fixture.state())).toContain(message.slice(0, 34));
  await fixture.reset();
});

it('without the right to run scripts it says the same, of a foreign key what to do with it', async () => {
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-eval', '-evalsha');
  await expect(narrow.promote(1)).rejects.toThrow('Give its user the rights that docs/redis-keys.md lists.');
  await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+eval', '+evalsha');
  await fixture.redis.set('{nestwork}:queue:default', 'foreign');
  await expect(narrow.enqueue('default', [fixture.message()])).rejects.toThrow('Delete or rename that key');
  await fixture.redis.del('{nestwork}:queue:default');
  await fixture.reset();
});
