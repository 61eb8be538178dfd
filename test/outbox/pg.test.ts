import { Pool } from 'pg';
import { pgOutbox } from '../../src/outbox/adapters/pg.js';
import { outboxMigration } from '../../src/outbox/migration.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { withPostgres } from '../support/with-databases.js';

const MESSAGE = `k3v9x0q2m700000000011000000000001["A.b",[]]`.padStart(44, '0');

withPostgres('the outbox over pg', () => {
  let server: PostgresServer;
  let pool: Pool;
  let table: OutboxTable;
  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = new Pool({ connectionString: server.url });
    pool.on('error', () => {});
    table = new OutboxTable(pgOutbox(pool), 'nestwork');
    for (const sql of outboxMigration('postgres')) await pool.query(sql);
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  const add = (transaction: unknown): Promise<void> => table.add(transaction, [{ queue: 'default', message: MESSAGE }]);
  const refused = (why: string) =>
    expect.objectContaining({ code: 'OUTBOX_NO_TRANSACTION', message: expect.stringContaining(why) });

  it.each([
    ['nothing', undefined, 'there is none'],
    ['a text', 'tx', 'it is a string'],
    ['another object', {}, 'it has no method query()'],
  ])('refuses %s in place of a transaction', async (_, given, why) => {
    await expect(add(given)).rejects.toEqual(refused(why));
  });

  it('refuses the pool', async () => {
    await expect(add(pool)).rejects.toEqual(refused('it is a pool'));
  });

  it('refuses a client before, after and in a failed transaction', async () => {
    const client = await pool.connect();
    try {
      // until its first statement a client does not know
      await client.query('select 1');
      await expect(add(client)).rejects.toEqual(refused('its transaction is over, or none was begun'));
      await client.query('begin');
      await client.query('no sql').catch(() => {});
      await expect(add(client)).rejects.toEqual(refused('its transaction has failed'));
      await client.query('rollback');
      await expect(add(client)).rejects.toEqual(refused('its transaction is over, or none was begun'));
    } finally {
      client.release();
    }
  });

  it('refuses a client of another database', async () => {
    await pool.query('create database other');
    const other = new Pool({ connectionString: server.url.replace('/postgres', '/other') });
    await table.transaction((transaction) => table.assertForm(transaction));
    const client = await other.connect();
    try {
      await client.query('begin');
      await expect(add(client)).rejects.toEqual(refused('it belongs to another database'));
      await expect(add({ query: () => undefined })).rejects.toEqual(refused('it is no client of pg'));
    } finally {
      client.release();
      await other.end();
    }
  });

  it('adds any number of rows up to 500 with one statement', async () => {
    const client = await pool.connect();
    const statements: string[] = [];
    const counting = new Proxy(client, {
      get: (target, name) =>
        name === 'query'
          ? (sql: string, values: unknown[]) => {
              statements.push(sql);
              return target.query(sql, values);
            }
          : Reflect.get(target, name),
    });
    try {
      await client.query('begin');
      const calls = Array.from({ length: 500 }, (_, at) => ({
        queue: 'default',
        message: MESSAGE.replace('0001', String(1_000 + at)),
      }));
      await table.add(counting, calls);
      expect(statements).toHaveLength(1);
      await client.query('rollback');
    } finally {
      client.release();
    }
  });

  it('wakes those that listen once the transaction is committed', async () => {
    let woken = 0;
    const stop = await table.database.listen?.(table.channel, { wake: () => (woken += 1), lost: () => {} });
    const client = await pool.connect();
    await client.query('begin');
    await add(client);
    await client.query('rollback');
    await client.query('begin');
    await add(client);
    await add(client);
    // a notification of the transaction that was rolled back, or of an open one, would have come before this answer
    await pool.query('select 1');
    expect(woken).toBe(0);
    await client.query('commit');
    client.release();
    await eventually(() => expect(woken).toBe(1));
    await stop?.();
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  it('says that the connection is lost on which it listens', async () => {
    let lost = 0;
    await table.database.listen?.(table.channel, { wake: () => {}, lost: () => (lost += 1) });
    await pool.query("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'");
    await eventually(() => expect(lost).toBe(1));
  });

  it('polls with a pool of one connection, which nothing may keep', async () => {
    const one = new Pool({ connectionString: server.url, max: 1 });
    const small = new OutboxTable(pgOutbox(one), 'nestwork');
    expect(await small.database.listen?.(small.channel, { wake: () => {}, lost: () => {} })).toBeUndefined();
    expect(await small.state()).toMatchObject({ putAside: 0 });
    await one.end();
  });

  it('reads a backlog in the order of the index, though the table was never analyzed', async () => {
    const statements: { sql: string; parameters: readonly unknown[] }[] = [];
    const watched = new OutboxTable(
      {
        ...table.database,
        execute: (transaction, sql, parameters) => {
          statements.push({ sql, parameters });
          return table.database.execute(transaction, sql, parameters);
        },
      },
      'nestwork',
    );
    await pool.query(
      "insert into nestwork_outbox (namespace, task_id, queue, message) select 'nestwork', i::text, 'default', 'x' from generate_series(1, 5000) i",
    );
    const plan = await watched.transaction(async (transaction) => {
      await watched.next(transaction, { limit: 500, without: [] });
      const { sql = '', parameters = [] } = statements.at(-1) ?? {};
      return table.database.execute(transaction, `explain ${sql}`, parameters as string[]);
    });
    const text = JSON.stringify(plan);
    expect(text).toContain('Index Scan using nestwork_outbox_next');
    expect(text).not.toContain('Sort');
    await pool.query("delete from nestwork_outbox where namespace <> ''");
  });
});
