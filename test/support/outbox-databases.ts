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

/** A database with an outbox, and transactions of an app on it. It is there from `start()` on. */
export abstract class OutboxDatabaseFixture {
  private started: { readonly server: DatabaseServer; readonly outbox: OutboxDatabase } | undefined;

  get server(): DatabaseServer {
    return this.running().server;
  }

  get outbox(): OutboxDatabase {
    return this.running().outbox;
  }

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

  async start(): Promise<void> {
    const server = await this.startServer();
    this.started = { server, outbox: this.connect(server.url) };
  }

  async stop(): Promise<void> {
    if (!this.started) return;
    await this.closePool();
    await this.started.server.stop();
  }

  protected abstract startServer(): Promise<DatabaseServer>;

  /** Opens the pool of the app. */
  protected abstract connect(url: string): OutboxDatabase;

  protected abstract closePool(): Promise<void>;

  private running() {
    if (!this.started) throw new Error('The database is not started yet: ask for it in a hook or a test.');
    return this.started;
  }
}

class PostgresFixture extends OutboxDatabaseFixture {
  private pool!: PostgresPool;

  protected startServer(): Promise<DatabaseServer> {
    return PostgresServer.start();
  }

  protected connect(connectionString: string): OutboxDatabase {
    this.pool = new PostgresPool({ connectionString });
    // each kill of the server is one
    this.pool.on('error', () => {});
    return pgOutbox(this.pool);
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

  protected closePool(): Promise<void> {
    return this.pool.end();
  }
}

class MariadbFixture extends OutboxDatabaseFixture {
  private pool!: MariadbPool;

  protected startServer(): Promise<DatabaseServer> {
    return MariadbServer.start();
  }

  protected connect(uri: string): OutboxDatabase {
    this.pool = createPool({ uri });
    return mysql2Outbox(this.pool);
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

  protected closePool(): Promise<void> {
    return this.pool.end();
  }
}

/** Tests of an outbox in each database that can be had. It starts before them, and its table is empty before each. */
export function describeDatabases(title: string, behaves: (database: OutboxDatabaseFixture) => void): void {
  describeEach(title, (database) => {
    beforeAll(() => database.start());
    beforeEach(() => database.makeTable());
    behaves(database);
    // the last of these hooks, which run in their order
    afterAll(() => database.stop());
  });
}

/** Tests in each database that can be had, which start and stop it themselves. */
export function describeOutbox(title: string, behaves: (start: () => Promise<OutboxDatabaseFixture>) => void): void {
  describeEach(title, (database) =>
    behaves(async () => {
      await database.start();
      return database;
    }),
  );
}

function describeEach(title: string, behaves: (database: OutboxDatabaseFixture) => void): void {
  withPostgres(`${title} in PostgreSQL`, () => behaves(new PostgresFixture()));
  withMariadb(`${title} in MariaDB`, () => behaves(new MariadbFixture()));
}
