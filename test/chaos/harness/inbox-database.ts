import { createPool, type Pool as MariadbPool, type RowDataPacket } from 'mysql2/promise';
import { inboxMigration } from 'nestwork/outbox';
import { Pool as PostgresPool } from 'pg';

/** The databases in which tasks have effects. */
export const DIALECTS = ['postgres', 'mariadb'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** A server that can be killed. */
interface Server {
  readonly url: string;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts servers; undefined where the machine has no program for one. */
interface Servers {
  readonly PostgresServer: { start(): Promise<Server> };
  readonly MariadbServer: { start(): Promise<Server> };
  readonly POSTGRES: string | undefined;
  readonly MARIADB: string | undefined;
}

/** A private database with the table of an inbox, and one for the effects of tasks, which takes an effect any number of times. */
export class InboxDatabase {
  constructor(
    private readonly server: Server,
    private readonly query: (sql: string) => Promise<readonly Record<string, unknown>[]>,
    private readonly closePool: () => Promise<void>,
  ) {}

  /** Undefined where the machine has no such database. */
  static async start(dialect: Dialect): Promise<InboxDatabase | undefined> {
    // a variable: the compiler has no types of it
    const tools = new URL('../../../tools/database-servers.mjs', import.meta.url).href;
    const { loadDatabaseServers } = (await import(tools)) as { loadDatabaseServers(): Promise<Servers> };
    const { PostgresServer, MariadbServer, POSTGRES, MARIADB } = await loadDatabaseServers();
    if (!(dialect === 'postgres' ? POSTGRES : MARIADB)) return undefined;
    const server = await (dialect === 'postgres' ? PostgresServer : MariadbServer).start();
    const database = dialect === 'postgres' ? ofPostgres(server) : ofMariadb(server);
    for (const sql of inboxMigration(dialect)) await database.query(sql);
    await database.query('create table effects (task_id varchar(20) not null)');
    return database;
  }

  get url(): string {
    return this.server.url;
  }

  /** How often each task has had its effect, by its id. */
  async effects(): Promise<Map<string, number>> {
    const rows = await this.query('select task_id, count(*) as times from effects group by task_id');
    return new Map(rows.map((row) => [String(row.task_id), Number(row.times)]));
  }

  /** SIGKILL, and a new start. */
  async crash(): Promise<void> {
    await this.server.kill('SIGKILL');
    await this.server.restart();
  }

  async stop(): Promise<void> {
    await this.closePool();
    await this.server.stop();
  }
}

function ofPostgres(server: Server): InboxDatabase {
  const pool = new PostgresPool({ connectionString: server.url });
  // each crash is one
  pool.on('error', () => {});
  const query = async (sql: string) => (await pool.query(sql)).rows as Record<string, unknown>[];
  return new InboxDatabase(server, query, () => pool.end());
}

function ofMariadb(server: Server): InboxDatabase {
  const pool: MariadbPool = createPool({ uri: server.url });
  const query = async (sql: string) => (await pool.query<RowDataPacket[]>(sql))[0];
  return new InboxDatabase(server, query, () => pool.end());
}
