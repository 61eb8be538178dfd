import { AsyncLocalStorage } from 'node:async_hooks';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const caller = new AsyncLocalStorage<string>();

let fixture: BrokerFixture;
let broker: RedisBroker;
/** What happened, and in whose context it was told. */
let told: [what: string, whose: string | undefined][];
beforeEach(async () => {
  fixture = await BrokerFixture.start();
  told = [];
});
afterEach(async () => {
  await broker.close();
  await fixture.stop();
});

/** A broker that has its connection from a call. */
async function connectedBy(name: string, commandTimeoutMs: number): Promise<void> {
  const onOutage = {
    lost: () => void told.push(['lost', caller.getStore()]),
    refused: () => {},
    restored: () => void told.push(['restored', caller.getStore()]),
  };
  const options = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs, onOutage };
  broker = new RedisBroker({ redis: fixture.settings, ...options });
  await caller.run(name, () => broker.promote(1));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('an outage is told outside of the async context of the call that had made the connection', async () => {
  await connectedBy('first', 30_000);
  await fixture.server.kill();
  await until(() => told.length === 1);
  await fixture.server.restart();
  await until(() => told.length === 2);
  expect(told).toEqual([
    ['lost', undefined],
    ['restored', undefined],
  ]);
});

it('an outage is told outside of the async context of the calls that notice it', async () => {
  await connectedBy('first', 200);
  fixture.server.pause();
  await expect(caller.run('second', () => broker.promote(1))).rejects.toMatchObject({ code: 'REDIS_TIMEOUT' });
  fixture.server.resume();
  await until(() => told.length === 1);
  while (told.length < 2) await caller.run('third', () => broker.promote(1).catch(() => {}));
  expect(told).toEqual([
    ['lost', undefined],
    ['restored', undefined],
  ]);
});

it('a call resolves in the async context of its caller, also where it had to wait for the connection', async () => {
  await connectedBy('first', 30_000);
  const seen = await caller.run('mine', async () => {
    await Promise.all([broker.promote(1), broker.promote(1)]);
    return caller.getStore();
  });
  expect(seen).toBe('mine');
});
