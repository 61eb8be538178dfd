import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ROOT } from './run.mjs';

/** As deep as the files that it comes from, which find others by their own place. */
const OUT = join(ROOT, 'build/databases');

/**
 * The private databases of the tests, for programs that are not compiled with them.
 *
 * @returns {Promise<{
 *   PostgresServer: { start(options?: { args?: readonly string[] }): Promise<PrivateDatabase> },
 *   MariadbServer: { start(options?: { args?: readonly string[] }): Promise<PrivateDatabase> },
 *   POSTGRES: string | undefined,
 *   MARIADB: string | undefined,
 * }>} both servers, and the paths of their programs; undefined where there is none
 *
 * @typedef {object} PrivateDatabase
 * @property {string} url
 * @property {number} pid
 * @property {string} directory
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill
 * @property {() => Promise<void>} restart
 * @property {() => Promise<void>} stop
 */
export async function loadDatabaseServers() {
  const outfile = join(OUT, `servers-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: ['postgres-server', 'mariadb-server', 'database-programs']
        .map((name) => `export * from './${name}.ts';`)
        .join('\n'),
      resolveDir: join(ROOT, 'test/support'),
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
