import { jest } from '@jest/globals';
import { TaskHealthIndicator } from '../../src/inspector/health-indicator.js';
import { QueueHealth } from '../../src/inspector/queue-health.js';
import type { OutboxDatabase } from '../../src/outbox/outbox-database.js';
import { Apps } from '../module/apps.js';
import { eventually } from '../support/eventually.js';
import { describeDatabases } from '../support/outbox-databases.js';

const MESSAGE = 'k3v9x0q2m7000000000110000000000001["A.b",[]]';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

describeDatabases('the health of an app with an outbox', (database) => {
  async function boot(
    outbox: OutboxDatabase = database.outbox,
  ): Promise<{ health: QueueHealth; indicator: TaskHealthIndicator }> {
    const app = await apps.boot({ imports: [apps.queue({ outbox: { database: outbox, relay: false } })] });
    return { health: app.get(QueueHealth), indicator: app.get(TaskHealthIndicator) };
  }

  const send = (): Promise<void> =>
    database.transaction((transaction) => database.table.add(transaction, [{ queue: 'default', message: MESSAGE }]));

  it('is good while no row waits for long', async () => {
    const { health } = await boot();
    await send();
    const { healthy, outbox } = await health.check();
    expect(healthy).toBe(true);
    expect(outbox).toEqual({ healthy: true, waiting: 1, putAside: 0, oldestMs: expect.any(Number) });
  });

  it('is bad when a row has waited for too long', async () => {
    const { health, indicator } = await boot();
    await send();
    await eventually(async () => {
      const { healthy, outbox } = await health.check({ maxOutboxWait: 1 });
      expect(healthy).toBe(false);
      expect(outbox).toMatchObject({ healthy: false, reason: 'a row has waited for 0 s', waiting: 1 });
    });
    expect(await indicator.isHealthy('tasks', { maxOutboxWait: 1 })).toMatchObject({
      tasks: { status: 'down', message: 'Outbox: a row has waited for 0 s.', outbox: { waiting: 1 } },
    });
  });

  it('is bad while a row is put aside', async () => {
    const { health } = await boot();
    await send();
    await database.query("update nestwork_outbox set put_aside_at = current_timestamp where namespace <> ''");
    expect((await health.check()).outbox).toEqual({
      healthy: false,
      reason: '1 row put aside: npx nestwork outbox ls <file> --aside shows the reason',
      waiting: 0,
      putAside: 1,
      oldestMs: 0,
    });
  });

  it('is bad while its database is away', async () => {
    const { health } = await boot({ ...database.outbox, transaction: () => Promise.reject(new Error('gone\naway')) });
    const { healthy, outbox } = await health.check();
    expect(healthy).toBe(false);
    expect(outbox).toEqual({ healthy: false, reason: expect.stringMatching(/^its database does not answer: .*gone$/) });
  });

  it('is bad without the table, with the reason in our words', async () => {
    const { health } = await boot();
    await database.query('alter table nestwork_outbox rename to gone');
    try {
      expect((await health.check()).outbox).toEqual({
        healthy: false,
        reason: 'The database has no table nestwork_outbox, from which the outbox sends. [OUTBOX_TABLE_MISSING]',
      });
    } finally {
      await database.query('alter table gone rename to nestwork_outbox');
    }
  });

  it('is not asked about the outbox where only queues are', async () => {
    const { health } = await boot();
    expect(await health.check({ queues: [] })).toEqual({ healthy: true, queues: [], staleAcks: 0 });
    expect((await health.check({ queues: [], maxOutboxWait: '1m' })).outbox).toMatchObject({ healthy: true });
  });

  it('sends a database that hangs one request for all checks, and another one after half a minute', async () => {
    let [isHanging, asked] = [false, 0];
    const hanging: OutboxDatabase = {
      ...database.outbox,
      transaction: (run) => {
        if (!isHanging) return database.outbox.transaction(run);
        asked += 1;
        return new Promise(() => {});
      },
    };
    // the start of the app looks at the table, too
    const { health } = await boot(hanging);
    isHanging = true;
    const late = { healthy: false, reason: 'its database did not answer within 1000 ms' };
    const reports = await Promise.all([health.check(), health.check()]);
    expect([...reports, await health.check()].map(({ outbox }) => outbox)).toEqual([late, late, late]);
    expect(asked).toBe(1);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 30_000);
    expect((await health.check().finally(() => clock.mockRestore())).outbox).toEqual(late);
    expect(asked).toBe(2);
  });
});
