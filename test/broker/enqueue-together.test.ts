import { RedisBroker } from '../../src/broker/redis-broker.js';
import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { limitedMessages, limitKey } from '../support/limited-tasks.js';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function waiting(queue = 'default'): Promise<string[]> {
  return fixture.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1);
}

/** How many scripts Redis ran meanwhile. */
async function scriptsOf(act: () => Promise<unknown>): Promise<number> {
  await fixture.redis.config('RESETSTAT');
  await act();
  const stats = await fixture.redis.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, count]) => Number(count));
  return calls.reduce((sum, count) => sum + count, 0);
}

it('tasks that are enqueued in one turn are sent with one script, in order', async () => {
  const messages = fixture.messages(100);
  await fixture.broker.enqueueOne('default', fixture.message());
  const [first = ''] = await waiting();
  const scripts = await scriptsOf(() =>
    Promise.all(messages.map((message) => fixture.broker.enqueueOne('default', message))),
  );
  expect(scripts).toBe(1);
  expect(await waiting()).toEqual([first, ...messages]);
});

it('thousands of tasks in one turn are sent with several scripts, in order and each once', async () => {
  // the ids of these reach into two bitmaps
  const messages = fixture.messages(6_000);
  await Promise.all(messages.map((message) => fixture.broker.enqueueOne('default', message)));
  expect(await waiting()).toEqual(messages);
  await Promise.all(messages.map((message) => fixture.broker.enqueueOne('default', message)));
  expect(await waiting()).toEqual(messages);
});

it('single tasks and lists of tasks keep their order', async () => {
  const [first, second, third, fourth] = fixture.messages(4) as [string, string, string, string];
  await Promise.all([
    fixture.broker.enqueueOne('default', first),
    fixture.broker.enqueue('default', [second, third]),
    fixture.broker.enqueueOne('default', fourth),
  ]);
  expect(await waiting()).toEqual([first, second, third, fourth]);
});

it('a message that is enqueued twice in one turn is added once', async () => {
  const message = fixture.message();
  await Promise.all([fixture.broker.enqueueOne('default', message), fixture.broker.enqueueOne('default', message)]);
  expect(await waiting()).toEqual([message]);
});

it('each call rejects with its own failure only', async () => {
  await fixture.redis.set('{nestwork}:queue:bulk', 'foreign');
  const [bulk, good] = fixture.messages(2) as [string, string];
  const results = await Promise.allSettled([
    fixture.broker.enqueueOne('bulk', bulk),
    fixture.broker.enqueueOne('default', good),
  ]);
  expect(results).toMatchObject([{ status: 'rejected', reason: { code: 'REDIS_REFUSED' } }, { status: 'fulfilled' }]);
  expect(await waiting()).toEqual([good]);
  await fixture.redis.del('{nestwork}:queue:bulk');
  // nothing is left of the refusal
  await fixture.broker.enqueueOne('bulk', bulk);
  expect(await waiting('bulk')).toEqual([bulk]);
});

it('each call without an answer rejects with its own id, and repeating it adds the task once', async () => {
  const broker = await hasty();
  const messages = fixture.messages(3);
  fixture.server.pause();
  const errors = await Promise.all(
    messages.map((message) => broker.enqueueOne('default', message).catch((error: unknown) => error)),
  );
  fixture.server.resume();
  for (const [index, error] of errors.entries()) {
    expect(error).toBeInstanceOf(EnqueueUnconfirmedError);
    expect(error).toMatchObject({ taskIds: [idOf(messages[index] ?? '')] });
  }
  await Promise.all(messages.map((message) => fixture.broker.enqueueOne('default', message)));
  expect(await waiting()).toEqual(messages);
  await broker.close();
});

it('tasks that were enqueued in the turn of close() are sent', async () => {
  const broker = await hasty();
  const message = fixture.message();
  const sent = broker.enqueueOne('default', message).catch(() => {});
  await broker.close();
  await sent;
  while ((await waiting()).length === 0);
  expect(await waiting()).toEqual([message]);
});

/** A broker that does not wait for long. */
async function hasty(): Promise<RedisBroker> {
  const options = { namespace: 'nestwork', queues: ['default', 'bulk'], commandTimeoutMs: 1_000 };
  const broker = new RedisBroker({ redis: fixture.settings, ...options });
  await broker.connect();
  return broker;
}

it('tasks with limits that are sent in one turn come into the list and their lines with one script, with all of their keys', async () => {
  const limits = ['acme', 'other'].map((key) => limitKey('stripe', key));
  const messages = limits.flatMap((limit) => limitedMessages(fixture, 3, { limits: [limit] }));
  // the script is sent with its first call
  await fixture.broker.enqueueOne('bulk', limitedMessages(fixture, 1, { priority: 1 })[0] as string, []);
  const scripts = await scriptsOf(() =>
    Promise.all(
      messages.map((message, at) => {
        const limit = limits[Math.floor(at / 3)] as string;
        return fixture.broker.enqueueOne('default', message, [limit, `key ${limit}`]);
      }),
    ),
  );
  expect(scripts).toBe(1);
  // the first of each line lies in the list
  expect((await waiting()).map(idOf)).toEqual([messages[0], messages[3]].map((message = '') => idOf(message)));
  expect(await fixture.redis.zcard('{nestwork}:held:default')).toBe(4);
  expect(await fixture.redis.hvals('{nestwork}:limit-labels')).toEqual(limits.map((limit) => `key ${limit}`));
});
