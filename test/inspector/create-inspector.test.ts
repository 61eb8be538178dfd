import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { noCounts } from '../../src/task/task-counts.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  inspector = await createInspector({ redis: fixture.settings });
});
afterEach(async () => {
  await inspector.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

describe('createInspector', () => {
  it('finds the queues that workers have served, also when they are gone', async () => {
    const child = await fixture.child(['mail', 'bulk']);
    await fixture.redis.del(`{nestwork}:session:${child.session}`, '{nestwork}:sessions');
    expect(await inspector.queues.names()).toEqual(['bulk', 'mail']);
    expect(await inspector.queues.get('mail')).toMatchObject({ queue: 'mail', pending: 0, served: false });
  });

  it('refuses a queue that no worker has ever served, with those there are', async () => {
    await fixture.child(['mail']);
    await expect(inspector.queues.get('mial')).rejects.toThrow(/Did you mean mail\?/);
    await expect(inspector.queues.get('mial')).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
  });

  it('acts on dead tasks of every queue', async () => {
    await fixture.child(['mail']);
    const [message = ''] = await seedDead(fixture, [{ queue: 'mail' }]);
    expect(await inspector.dead.count()).toBe(1);
    expect(await inspector.dead.redrive(idOf(message))).toBe('redriven');
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
  });

  it('reads the counts of tasks, with the figures of each queue that workers have served', async () => {
    const child = await fixture.child(['mail']);
    const counts = { ...noCounts(), started: 2, done: 2 };
    await fixture.broker.metrics.flush(child, 1, [{ queue: 'mail', task: 'Mail.send', counts }]);
    const { tasks } = await inspector.metrics.summary({ last: '1h', queue: 'mail' });
    expect(tasks).toMatchObject([{ queue: 'mail', task: 'Mail.send', started: 2, done: 2, failed: 0 }]);
    expect((await inspector.metrics.current()).queues).toMatchObject([{ queue: 'mail', pending: 0 }]);
  });

  it('closes its connection, after which it refuses', async () => {
    await inspector.close();
    await expect(inspector.queues.list()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });

  it('refuses options that it does not know', async () => {
    await expect(createInspector({ queues: ['default'] } as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
