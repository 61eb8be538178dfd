/** Commands that start the app, because it alone knows its database. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { pgOutbox } from '../../src/outbox/adapters/pg.js';
import { outboxMigration } from '../../src/outbox/migration.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { nestwork, startNestwork } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { withPostgres } from '../support/with-databases.js';

// within the package, so that Node finds `nestwork` and its peers
const DIRECTORY = new URL('../../build/scratch/outbox-commands/', import.meta.url).pathname;
const APP = join(DIRECTORY, 'app.module.js');
const APP_SOURCE = `
import { Module } from '@nestjs/common';
import { TaskQueueModule } from 'nestwork';
import { pgOutbox } from 'nestwork/outbox';
import { Pool } from 'pg';
const redis = process.env.REDIS_URL;
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
pool.on('error', () => {});
export class AppModule {}
Module({ imports: [TaskQueueModule.forRoot({ redis, outbox: { database: pgOutbox(pool), relay: false } })] })(AppModule);
export class Without {}
Module({ imports: [TaskQueueModule.forRoot({ redis })] })(Without);
`;

withPostgres('nestwork outbox', () => {
  let server: PostgresServer;
  let pool: Pool;
  let table: OutboxTable;
  let redis: BrokerFixture;
  beforeAll(async () => {
    mkdirSync(DIRECTORY, { recursive: true });
    writeFileSync(APP, APP_SOURCE);
    redis = await BrokerFixture.start();
    server = await PostgresServer.start();
    pool = new Pool({ connectionString: server.url });
    table = new OutboxTable(pgOutbox(pool), 'nestwork');
    for (const sql of outboxMigration('postgres')) await pool.query(sql);
  });
  beforeEach(async () => {
    await pool.query("delete from nestwork_outbox where namespace <> ''");
    await table.transaction((transaction) =>
      table.add(
        transaction,
        redis.messages(2).map((message) => ({ queue: 'default', message })),
      ),
    );
  });
  afterEach(() => redis.reset());
  afterAll(async () => {
    await pool.end();
    await server.stop();
    await redis.stop();
    rmSync(DIRECTORY, { recursive: true, force: true });
  });

  const env = (): Record<string, string> => ({ REDIS_URL: redis.server.url, DATABASE_URL: server.url });
  const lines = (stdout: string): unknown[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('ls counts the rows by queue, and relays none', async () => {
    const { stdout, code } = await nestwork(['outbox', 'ls', APP, '--json'], { env: env() });
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual([{ queue: 'default', waiting: 2, putAside: 0, oldestMs: expect.any(Number) }]);
    expect(await redis.redis.llen('{nestwork}:queue:default')).toBe(0);
  });

  it('ls --aside lists rows with their reasons, and retry lets them wait again', async () => {
    await pool.query("update nestwork_outbox set put_aside_at = now(), problem = 'odd' where namespace <> ''");
    const { stdout } = await nestwork(['outbox', 'ls', APP, '--aside', '--json'], { env: env() });
    const [first, second] = lines(stdout) as { id: string; reason: string }[];
    expect([first?.reason, second?.reason]).toEqual(['odd', 'odd']);
    const one = await nestwork(['outbox', 'retry', APP, `${first?.id},999`], { env: env() });
    expect(one).toMatchObject({
      code: 0,
      stdout: 'The relay tries 1 row again.\nThese ids are of no row that was put aside: 999.\n',
    });
    const all = await nestwork(['outbox', 'retry', APP, '--all', '--json'], { env: env() });
    expect(lines(all.stdout)).toEqual([{ retried: [second?.id], notAside: [] }]);
    expect((await table.state()).putAside).toBe(0);
  });

  it('relay relays, also for an app whose own processes do not, until SIGTERM', async () => {
    const relay = startNestwork(['outbox', 'relay', APP], { env: env() });
    await eventually(async () => expect(await redis.redis.llen('{nestwork}:queue:default')).toBe(2));
    await eventually(async () => expect((await table.state()).waiting).toBe(0));
    await relay.wrote(/Relaying the rows of the outbox/);
    relay.signal('SIGTERM');
    await relay.ended;
    // it gave its turn back
    expect(await redis.redis.keys('{nestwork}:relaying:*')).toEqual([]);
  });

  it.each([
    [['ls', APP, '--export', 'Without'], 1, 'OUTBOX_NOT_CONFIGURED'],
    [['relay', APP, '--export', 'Without'], 1, 'OUTBOX_NOT_CONFIGURED'],
    [['ls', join(DIRECTORY, 'none.js')], 2, 'npx nestwork outbox ls dist/app.module.js'],
    [['ls', APP, '--redis', 'redis://elsewhere'], 2, 'those of TaskQueueModule in the app'],
    [['ls', APP, '--namespace', 'shop'], 2, 'nestwork outbox ls does not take --namespace'],
    [['ls', APP, '--limit', '3'], 2, '--limit is for --aside'],
    [['retry', APP], 2, 'It is not clear which rows are meant'],
    [['retry', APP, '7', '--all'], 2, 'It is not clear which rows are meant'],
    [['retry', APP, 'seven'], 2, '"seven" is no id of a row'],
  ])('%j is refused', async (args, code, why) => {
    const ended = await nestwork(['outbox', ...args], { env: env() });
    expect(ended.stderr).toContain(why);
    expect(ended.code).toBe(code);
  });
});
