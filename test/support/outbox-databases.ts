import { createPool, type Pool as MariadbPool, type RowDataPacket } from 'mysql2/promise';
import { Pool as PostgresPool } from 'pg';
import { mysql2Outbox } from '../../src/outbox/adapters/mysql2.js';
import { pgOutbox } from '../../src/outbox/adapters/pg.js';
import { outboxMigration } from '../../src/outbox/migration.js';
import type { OutboxDatabase, OutboxRow } from '../../src/outbox/outbox-database.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import type { DatabaseServer } from './database-server.js';
import { MariadbServer } from './mariadb-server.js';
import { PostgresServer } from './postgres-server.js';
import { withMariadb, withPostgres } from './with-databases.js';

/** A database with an outbox, and transactions of an app on it. */
export abstract class OutboxDatabaseFixture {
  abstract readonly outbox: OutboxDatabase;

  protected constructor(readonly server: DatabaseServer) {}

  get table(): OutboxTable {
    return new OutboxTable(this.outbox, 'nestwork');
  }

  /** Makes the table anew. */
  async makeTable(): Promise<void> {
    await this.query('drop table if exists nestwork_outbox');
    for (const sql of outboxMigration(this.outbox.dialect)) await this.query(sql);
  }

  /** How many rows wait, those that were put aside included. */
  async rows(): Promise<number> {
    const [row] = await this.query("select count(*) as count from nestwork_outbox where namespace <> ''");
    return Number(row?.count);
  }

  /** Runs a statement outside of transactions. */
  abstract query(sql: string): Promise<readonly OutboxRow[]>;

  /** Runs something in a transaction of the app, and commits unless it rejects. */
  abstract transaction<T>(run: (transaction: object) => Promise<T>): Promise<T>;

  abstract closePool(): Promise<void>;

  async stop(): Promise<void> {
    await this.closePool();
    await this.server.stop();
  }
}

class PostgresFixture extends OutboxDatabaseFixture {
  readonly pool = new PostgresPool({ connectionString: this.server.url });
  readonly outbox: OutboxDatabase = pgOutbox(this.pool);

  static async start(): Promise<PostgresFixture> {
    return new PostgresFixture(await PostgresServer.start());
  }

  constructor(server: DatabaseServer) {
    super(server);
    // each kill of the server is one
    this.pool.on('error', () => {});
  }

  async query(sql: string): Promise<readonly OutboxRow[]> {
    return (await this.pool.query(sql)).rows as OutboxRow[];
  }

  async transaction<T>(run: (transaction: object) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const result = await run(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    } finally {
      client.release();
    }
  }

  closePool(): Promise<void> {
    return this.pool.end();
  }
}

class MariadbFixture extends OutboxDatabaseFixture {
  readonly pool: MariadbPool = createPool({ uri: this.server.url });
  readonly outbox: OutboxDatabase = mysql2Outbox(this.pool);

  static async start(): Promise<MariadbFixture> {
    return new MariadbFixture(await MariadbServer.start());
  }

  async query(sql: string): Promise<readonly OutboxRow[]> {
    const [rows] = await this.pool.query<RowDataPacket[]>(sql);
    return rows;
  }

  async transaction<T>(run: (transaction: object) => Promise<T>): Promise<T> {
    const connection = await this.pool.getConnection();
    try {
      await connection.beginTransaction();
      const result = await run(connection);
      await connection.commit();
      return result;
    } catch (error) {
      await connection.rollback().catch(() => {});
      throw error;
    } finally {
      connection.release();
    }
  }

  closePool(): Promise<void> {
    return this.pool.end();
  }
}

/** The tests of each database that can be had. */
export function describeOutbox(title: string, behaves: (start: () => Promise<OutboxDatabaseFixture>) => void): void {
  withPostgres(`${title} in PostgreSQL`, () => behaves(() => PostgresFixture.start()));
  withMariadb(`${title} in MariaDB`, () => behaves(() => MariadbFixture.start()));
}
