import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import type { DatabaseServer } from '../support/database-server.js';
import { eventually } from '../support/eventually.js';
import { MariadbServer } from '../support/mariadb-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { withMariadb, withPostgres } from '../support/with-databases.js';
import { isAlive } from '../support/worker-fixture.js';

interface Connection {
  run(sql: string): Promise<unknown[]>;
  end(): Promise<void>;
}

interface Database {
  readonly Server: { readonly name: string; start(): Promise<DatabaseServer> };
  /** Of test/support; exports the class. */
  readonly module: string;
  readonly shutdown: NodeJS.Signals;
  connect(url: string): Promise<Connection>;
}

const POSTGRESQL: Database = {
  Server: PostgresServer,
  module: 'postgres-server.ts',
  shutdown: 'SIGINT',
  async connect(connectionString) {
    const client = new Client({ connectionString });
    client.on('error', () => {}); // each kill is one
    await client.connect();
    return { run: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
  },
};

const MARIA_DB: Database = {
  Server: MariadbServer,
  module: 'mariadb-server.ts',
  shutdown: 'SIGTERM',
  async connect(url) {
    const client = await createConnection(url);
    client.on('error', () => {}); // each kill is one
    return { run: async (sql) => (await client.query(sql))[0] as unknown[], end: () => client.end() };
  },
};

withPostgres('a private PostgreSQL', () => behaves(POSTGRESQL));
withMariadb('a private MariaDB', () => behaves(MARIA_DB));

function behaves(database: Database): void {
  let server: DatabaseServer;
  beforeAll(async () => {
    server = await database.Server.start();
    await query('CREATE TABLE orders (id integer PRIMARY KEY)');
  });
  afterAll(() => server.stop());

  async function query(sql: string): Promise<unknown[]> {
    const connection = await database.connect(server.url);
    try {
      return await connection.run(sql);
    } finally {
      await connection.end();
    }
  }

  it('runs as an unprivileged user, also when root starts it', () => {
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t[1-9]/m);
  });

  it('has committed rows after SIGKILL and a restart at its url, and none of an open transaction', async () => {
    const { pid, url } = server;
    await query('INSERT INTO orders VALUES (1)');
    const open = await database.connect(url);
    await open.run('BEGIN');
    await open.run('INSERT INTO orders VALUES (2)');
    await server.kill();
    expect(isAlive(pid)).toBe(false);
    await open.end().catch(() => {});

    await server.restart();
    expect(server.url).toBe(url);
    expect(await query('SELECT id FROM orders')).toEqual([{ id: 1 }]);
  });

  it('ends in order though a client is connected, and comes back with its rows', async () => {
    await query('INSERT INTO orders VALUES (3)');
    const connected = await database.connect(server.url);
    await server.kill(database.shutdown);
    await connected.end().catch(() => {});
    await server.restart();
    expect(await query('SELECT id FROM orders WHERE id = 3')).toEqual([{ id: 3 }]);
  });

  it('is gone with its files after stop(), however often and in any condition', async () => {
    const other = await database.Server.start();
    other.pause();
    await Promise.all([other.stop(), other.stop()]);
    expect([isAlive(other.pid), existsSync(other.directory)]).toEqual([false, false]);
  });

  describe('whose parent is killed', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    let built: string;
    beforeAll(async () => {
      // as deep as test/support, whose modules import tools by their path
      mkdirSync(join(root, 'build'), { recursive: true });
      built = mkdtempSync(join(root, 'build/database-parent-'));
      const entryPoints = [join(root, 'test/support', database.module)];
      const outfile = join(built, 'server.mjs');
      await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
    });
    afterAll(() => rmSync(built, { recursive: true }));

    it('ends, and leaves no files', async () => {
      const module = pathToFileURL(join(built, 'server.mjs')).href;
      const script = `
        import { ${database.Server.name} as Server } from '${module}';
        const { pid, directory } = await Server.start();
        console.log(JSON.stringify({ pid, directory }));
        process.stdin.resume();
      `;
      const env = { ...process.env, NODE_OPTIONS: '' };
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const [line] = await once(parent.stdout, 'data');
      const { pid, directory } = JSON.parse(String(line)) as { pid: number; directory: string };
      expect([isAlive(pid), readdirSync(directory).length > 0]).toEqual([true, true]);
      parent.kill('SIGKILL');
      await eventually(() => expect([isAlive(pid), existsSync(directory)]).toEqual([false, false]));
    });
  });
}
