import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PrivateServer } from '../../src/testing/private-server.js';
import { POSTGRES } from './database-programs.js';
import { type DatabaseOptions, DatabaseServer, databaseKind } from './database-server.js';

const USER = 'nestwork';

/** A PostgreSQL of its own for a test; its user is a superuser without a password. */
export class PostgresServer extends DatabaseServer {
  readonly url = `postgres://${USER}@127.0.0.1:${this.port}/postgres`;

  /** @throws Error with the log of the server when it does not start */
  static async start({ args = [] }: DatabaseOptions = {}): Promise<PostgresServer> {
    if (!POSTGRES) throw new Error('There is no PostgreSQL: put the tests into `withPostgres`.');
    const postgres = realpathSync(POSTGRES);
    const initdb = join(dirname(postgres), 'initdb');
    const server = await PrivateServer.start(
      databaseKind({
        product: 'PostgreSQL',
        readyLog: 'database system is ready to accept connections',
        endSignal: 'SIGQUIT', // it gives back its shared memory, which the system would keep
        prepare: (directory, run) => run([initdb, ...layout(join(directory, 'data'))]),
        command: (port, directory) => [postgres, ...args, ...settings(port, join(directory, 'data'))],
      }),
    );
    return new PostgresServer(server);
  }
}

function layout(data: string): string[] {
  const quick = ['--no-sync', '--no-instructions', '--wal-segsize=1'];
  return ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', ...quick];
}

/** They come last on the command line, so that no further argument replaces them. */
function settings(port: number, data: string): string[] {
  const fixed = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    logging_collector: 'off',
    log_destination: 'stderr',
    // the system keeps the writes of a killed process; a crash of the machine may lose some
    fsync: 'off',
    // a killed server leaves nothing in /dev/shm
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '16MB',
  };
  return ['-D', data, ...Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
