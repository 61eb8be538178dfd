import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Promoter } from '../../src/maintenance/promoter.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const PAST = Date.UTC(2000, 0, 1);
const KEY = '{nestwork}:queue:default';

let fixture: BrokerFixture;
let promoter: Promoter;
beforeEach(async () => {
  fixture = await BrokerFixture.start();
  promoter = new Promoter({
    broker: fixture.broker,
    onError: (error) => {
      throw error;
    },
  });
});
afterEach(async () => {
  await promoter.stop();
  await fixture.stop();
});

/** Resolves when a client of the server blocks. */
async function blocked(): Promise<void> {
  while (!/^blocked_clients:[1-9]/m.test(await fixture.redis.info('clients'))) await delay(5);
}

async function pending(): Promise<string[]> {
  return fixture.redis.lrange(KEY, 0, -1);
}

describe('a tick', () => {
  it('moves due tasks and returns when to look again: at once while there are more', async () => {
    const messages = fixture.messages(1_200);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    expect(await promoter.tick()).toBe(0);
    expect(await pending()).toEqual(messages.slice(0, 500));
    expect(await promoter.tick()).toBe(0);
    expect(await promoter.tick()).toBe(5_000);
    expect(await pending()).toEqual(messages);
  });

  it.each([
    ['when the next is due', 3_000, 3_000],
    ['in five seconds, should an alarm be lost', 3_600_000, 5_000],
  ])('returns to look again %s', async (_what, inMs, most) => {
    await fixture.broker.enqueue('default', fixture.messages(1), { in: inMs });
    const next = await promoter.tick();
    expect(next).toBeLessThanOrEqual(most);
    expect(next).toBeGreaterThan(most - 2_000);
    expect(await pending()).toEqual([]);
  });
});

describe('started', () => {
  it('moves a task when it is due, and not before', async () => {
    promoter.start();
    await blocked();
    const messages = fixture.messages(1);
    const before = await fixture.now();
    await fixture.broker.enqueue('default', messages, { in: 120 });
    while ((await pending()).length === 0) await delay(1);
    expect((await fixture.now()) - before).toBeGreaterThanOrEqual(120);
    expect(await pending()).toEqual(messages);
  });

  it('is woken by a task that is due before all others', async () => {
    await fixture.broker.enqueue('default', fixture.messages(1), { in: 3_600_000 });
    promoter.start();
    await blocked();
    const messages = fixture.messages(1);
    const startedAt = performance.now();
    await fixture.broker.enqueue('default', messages, { in: 1 });
    while ((await pending()).length === 0) await delay(1);
    // without the alarm it would have slept for five seconds
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(await pending()).toEqual(messages);
  });

  it('ends a pause at its end, and rings for what waits there', async () => {
    promoter.start();
    await blocked();
    await fixture.broker.enqueue('default', fixture.messages(1));
    await fixture.redis.del('{nestwork}:bell:default');
    const startedAt = performance.now();
    const { until } = await fixture.broker.pauses.pause('default', { forMs: 120, by: 'anna', reason: undefined });
    while ((await fixture.redis.exists('{nestwork}:bell:default')) === 0) await delay(1);
    expect(await fixture.now()).toBeGreaterThanOrEqual(until ?? 0);
    // without the alarm it would have slept for five seconds
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(await fixture.redis.exists('{nestwork}:pauses')).toBe(0);
  });

  it('moves each task once beside another one', async () => {
    const other = await BrokerFixture.on(fixture.server, { redis: fixture.settings }, fixture.redis.duplicate());
    const second = new Promoter({ broker: other.broker, onError: () => {} });
    const messages = fixture.messages(2_000);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    promoter.start();
    second.start();
    while ((await fixture.redis.llen(KEY)) < messages.length) await delay(5);
    expect(await pending()).toEqual(messages);
    await second.stop();
    await other.broker.close();
    other.redis.disconnect();
  });

  it('goes on after Redis refused a command', async () => {
    const events = new EventEmitter();
    const refused = once(events, 'refused');
    promoter = new Promoter({ broker: fixture.broker, onError: (error) => events.emit('refused', error) });
    await fixture.redis.acl('SETUSER', 'default', '-eval', '-evalsha');
    promoter.start();
    expect(await refused).toMatchObject([{ message: expect.stringContaining('NOPERM') }]);
    await fixture.redis.acl('SETUSER', 'default', '+@all');
    const messages = fixture.messages(1);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    while ((await pending()).length === 0) await delay(5);
    expect(await pending()).toEqual(messages);
  });

  it('logs a queue with a foreign key, serves the others, and that one when the key is gone', async () => {
    const events = new EventEmitter();
    const refused = once(events, 'refused');
    promoter = new Promoter({ broker: fixture.broker, onError: (error) => events.emit('refused', error) });
    await fixture.redis.set('{nestwork}:scheduled:default', 'foreign');
    const other = fixture.messages(1);
    await fixture.broker.enqueue('bulk', other, { at: PAST });
    promoter.start();
    expect(await refused).toMatchObject([
      { message: expect.stringContaining('{nestwork}:scheduled:default is a string') },
    ]);
    while ((await fixture.redis.llen('{nestwork}:queue:bulk')) === 0) await delay(5);
    await fixture.redis.del('{nestwork}:scheduled:default');
    const messages = fixture.messages(1);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    while ((await pending()).length === 0) await delay(5);
    expect(await pending()).toEqual(messages);
  });

  it('stops at once while it waits for an alarm', async () => {
    promoter.start();
    await blocked();
    const startedAt = performance.now();
    await promoter.stop();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await fixture.broker.enqueue('default', fixture.messages(1), { at: PAST });
    expect(await pending()).toEqual([]);
  });
});
