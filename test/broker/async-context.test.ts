import { AsyncLocalStorage } from 'node:async_hooks';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const caller = new AsyncLocalStorage<string>();

let fixture: BrokerFixture;
let broker: RedisBroker;
/** The events, each with the async context in which it was reported. */
let reported: [event: string, context: string | undefined][];
beforeEach(async () => {
  fixture = await BrokerFixture.start();
  reported = [];
});
afterEach(async () => {
  await broker.close();
  await fixture.stop();
});

/** A broker that has its connection from a call. */
async function connectedBy(name: string, commandTimeoutMs: number): Promise<void> {
  const onOutage = {
    lost: () => void reported.push(['lost', caller.getStore()]),
    refused: () => {},
    restored: () => void reported.push(['restored', caller.getStore()]),
  };
  const options = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs, onOutage };
  broker = new RedisBroker({ redis: fixture.settings, ...options });
  await caller.run(name, () => broker.promote(1));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('an outage is reported outside of the async context of the call that made the connection', async () => {
  await connectedBy('first', 30_000);
  await fixture.server.kill();
  await until(() => reported.length === 1);
  await fixture.server.restart();
  await until(() => reported.length === 2);
  expect(reported).toEqual([
    ['lost', undefined],
    ['restored', undefined],
  ]);
});

it('an outage is reported outside of the async context of the calls that fail because of it', async () => {
  await connectedBy('first', 200);
  fixture.server.pause();
  await expect(caller.run('second', () => broker.promote(1))).rejects.toMatchObject({ code: 'REDIS_TIMEOUT' });
  fixture.server.resume();
  await until(() => reported.length === 1);
  while (reported.length < 2) await caller.run('third', () => broker.promote(1).catch(() => {}));
  expect(reported).toEqual([
    ['lost', undefined],
    ['restored', undefined],
  ]);
});

it('a call resolves in the async context of its caller, also after a wait for the connection', async () => {
  await connectedBy('first', 30_000);
  const seen = await caller.run('mine', async () => {
    await Promise.all([broker.promote(1), broker.promote(1)]);
    return caller.getStore();
  });
  expect(seen).toBe('mine');
});
