import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { BrokerFixture } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.stop());

describe('a broker that is closed while it has no connection', () => {
  it('rejects a task without an answer as unconfirmed', async () => {
    const { broker, lost } = await fixture.anotherBroker();
    fixture.server.pause();
    const sent = broker.enqueueOne('default', fixture.message()).catch((error: unknown) => error);
    // it is on its way at the end of the turn
    await new Promise(setImmediate);
    await fixture.server.kill();
    await lost;
    await broker.close();
    expect(await sent).toBeInstanceOf(EnqueueUnconfirmedError);
  });

  it('rejects a call that waits for the next connection before the timeout of the call', async () => {
    // longer than a test may take
    const { broker, lost } = await fixture.anotherBroker(3_600_000);
    await fixture.server.kill();
    await lost;
    const call = broker.promote(1).catch((error: unknown) => error);
    // the first attempt to connect has failed when nothing but the next one is to come
    await new Promise((resolve) => setTimeout(resolve, 20));
    await broker.close();
    const closed = {
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(/is closed[\s\S]*before app\.close\(\)/),
    };
    expect(await call).toMatchObject(closed);
    await expect(broker.promote(1)).rejects.toMatchObject(closed);
  });

  it('ends a wait for the bell', async () => {
    const { broker, lost } = await fixture.anotherBroker();
    const rang = broker.waitForBell(['default'], 5_000);
    while (!String(await fixture.redis.client('LIST')).includes('cmd=blpop'));
    await fixture.server.kill();
    await lost;
    // the connection that blocks has learned of it when nothing but its next attempt is to come
    await new Promise((resolve) => setTimeout(resolve, 20));
    broker.stopWaiting();
    expect(await rang).toBe(false);
    await broker.close();
  });
});
