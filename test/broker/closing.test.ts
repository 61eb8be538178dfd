import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { BrokerFixture } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.stop());

describe('closed between two connections', () => {
  it('a task that got no answer rejects as unconfirmed', async () => {
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

  it('a wait for the bell ends', async () => {
    const { broker, lost } = await fixture.anotherBroker();
    const heard = broker.waitForBell(['default'], 5_000);
    while (!String(await fixture.redis.client('LIST')).includes('cmd=blpop'));
    await fixture.server.kill();
    await lost;
    // the connection that blocks has learned of it when nothing but its next attempt is to come
    await new Promise((resolve) => setTimeout(resolve, 20));
    broker.stopWaiting();
    expect(await heard).toBe(false);
    await broker.close();
  });
});
