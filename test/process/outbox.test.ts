/** Relays in processes of their own, and in the children of workers. */
import { Pool } from 'pg';
import { pgOutbox } from '../../src/outbox/adapters/pg.js';
import { outboxMigration } from '../../src/outbox/migration.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { withPostgres } from '../support/with-databases.js';
import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const APP = 'outbox-app';

withPostgres('a relay in another process', () => {
  let server: PostgresServer;
  let pool: Pool;
  let table: OutboxTable;
  let fixture: WorkerFixture;
  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = new Pool({ connectionString: server.url });
    table = new OutboxTable(pgOutbox(pool), 'nestwork');
    for (const sql of outboxMigration('postgres')) await pool.query(sql);
  });
  beforeEach(async () => {
    fixture = await WorkerFixture.start();
  });
  afterEach(async () => {
    await fixture.stop();
    await pool.query("delete from nestwork_outbox where namespace <> ''");
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  function start(environment: Record<string, string> = {}): WorkerProcess {
    return fixture.worker({ children: 2 }, { DATABASE_URL: server.url, ...environment }, APP);
  }

  async function send(messages: readonly string[]): Promise<void> {
    const calls = messages.map((message) => ({ queue: 'default', message }));
    await table.transaction((transaction) => table.add(transaction, calls));
  }

  async function rows(): Promise<number> {
    const { rows: found } = await pool.query("select count(*) as count from nestwork_outbox where namespace <> ''");
    return Number(found[0].count);
  }

  it('that is the child of a worker sends what is committed, and the worker runs it', async () => {
    start();
    await fixture.until('its children have booted', () => fixture.events('booted').length === 2);
    await send([fixture.broker.message('FixtureTasks.run', 'from the outbox')]);
    await fixture.until('the task has run', () => fixture.events('run', 'from the outbox').length > 0);
    await eventually(async () => expect(await rows()).toBe(0));
  });

  it('that is killed again and again sends each task once', async () => {
    const { redis } = fixture.broker;
    const sent: string[] = [];
    const pending = (): Promise<number> => redis.llen('{nestwork}:queue:default');
    for (let kill = 0; kill < 4; kill += 1) {
      // as if the turn of the dead one were over
      await redis.del('none', ...(await redis.keys('{nestwork}:relaying:*')));
      const messages = fixture.broker.messages(6_000);
      const before = await pending();
      const relay = start({ RELAY_ALONE: 'yes' });
      for (let at = 0; at < messages.length; at += 2_000) await send(messages.slice(at, at + 2_000));
      sent.push(...messages);
      await fixture.until('it is at work', async () => (await pending()) > before);
      process.kill(relay.pid, 'SIGKILL');
      await relay.ended();
    }
    await redis.del('none', ...(await redis.keys('{nestwork}:relaying:*')));
    const last = start({ RELAY_ALONE: 'yes' });
    await fixture.until('no row is left', async () => (await rows()) === 0);
    const found = await redis.lrange('{nestwork}:queue:default', 0, -1);
    expect(found.length).toBe(sent.length);
    expect(new Set(found)).toEqual(new Set(sent));
    process.kill(last.pid, 'SIGTERM');
    await last.ended();
    // it gave its turn back
    expect(await redis.keys('{nestwork}:relaying:*')).toEqual([]);
  });
});
