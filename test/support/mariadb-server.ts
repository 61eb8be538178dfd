import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateServer } from '../../src/testing/private-server.js';
import { MARIADB } from './database-programs.js';
import { type DatabaseOptions, DatabaseServer, databaseKind } from './database-server.js';

const DATABASE = 'nestwork';
/** `mariadb-install-db` reads these, and help texts and views; but it needs programs of further packages. */
const SYSTEM_TABLES = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];

/** A MariaDB of its own for a test; its user is `root`, without a password. */
export class MariadbServer extends DatabaseServer {
  readonly url = `mysql://root@127.0.0.1:${this.port}/${DATABASE}`;

  /** @throws Error with the log of the server when it does not start */
  static async start({ args = [] }: DatabaseOptions = {}): Promise<MariadbServer> {
    if (!MARIADB) throw new Error('There is no MariaDB: put the tests into `withMariadb`.');
    const mariadbd = MARIADB;
    const server = await PrivateServer.start(
      databaseKind({
        product: 'MariaDB',
        readyLog: 'ready for connections',
        endSignal: 'SIGKILL',
        prepare: async (directory, run) => {
          const sql = join(directory, 'prepare.sql');
          writeFileSync(sql, firstStatements(mariadbd));
          await run(['mkdir', join(directory, 'data')]);
          const bootstrap = [mariadbd, '--no-defaults', ...storage(directory), '--bootstrap'];
          await run(['sh', '-c', 'exec "$@" < "$0"', sql, ...bootstrap]);
        },
        command: (port, directory) => [
          mariadbd,
          '--no-defaults',
          ...args,
          ...storage(directory),
          `--port=${port}`,
          '--bind-address=127.0.0.1',
          '--skip-name-resolve',
        ],
      }),
    );
    return new MariadbServer(server);
  }
}

function firstStatements(mariadbd: string): string {
  const help = execFileSync(mariadbd, ['--no-defaults', '--verbose', '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const charsets = /^character-sets-dir\s+(\S.*?)\s*$/m.exec(help)?.[1];
  if (!charsets) throw new Error(`${mariadbd} does not say where its files are.`);
  return [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket = NULL;', // `root` may connect from 127.0.0.1
    ...SYSTEM_TABLES.map((file) => readFileSync(join(charsets, '..', file), 'utf8')),
    `CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4;`,
    '',
  ].join('\n');
}

function storage(directory: string): string[] {
  return [
    `--datadir=${join(directory, 'data')}`,
    // a server that starts removes the temporary tables that it finds, also those of others
    `--tmpdir=${directory}`,
    // within `datadir`; a whole path may be too long
    '--socket=socket',
    '--character-set-server=utf8mb4',
    // the system keeps the writes of a killed process; a crash of the machine may lose some
    '--loose-innodb-flush-method=nosync',
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-log-file-size=8M',
    '--innodb-buffer-pool-size=32M',
    // containers and small machines may refuse it
    '--skip-innodb-use-native-aio',
  ];
}
