import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { find } from './installable.mjs';
import { isExecutable, which } from './programs.mjs';

/** Where Debian puts the programs of each version, off the PATH. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';
/** The PATH of a user other than root may lack it. */
const SYSTEM_PROGRAMS = '/usr/sbin';

/**
 * The program `postgres` of the tests of databases.
 *
 * @type {import('./installable.mjs').Installable}
 */
export const POSTGRES = {
  product: 'PostgreSQL',
  variable: 'POSTGRES_PATH',
  oldest: '15',
  version: /\(PostgreSQL\) (\d+(?:\.\d+)*)/,
  places: `on the PATH or in ${POSTGRES_VERSIONS}`,
  candidates: () => [which('postgres'), ...postgresVersions()].filter(Boolean).filter(isWhole),
  packages: ['postgresql'],
};

/**
 * The program `mariadbd` of the tests of databases.
 *
 * @type {import('./installable.mjs').Installable}
 */
export const MARIADB = {
  product: 'MariaDB',
  variable: 'MARIADB_PATH',
  oldest: '10.6',
  version: /Ver (\d+\.\d+\.\d+)-MariaDB/,
  places: `on the PATH or in ${SYSTEM_PROGRAMS}`,
  candidates: () => [which('mariadbd'), join(SYSTEM_PROGRAMS, 'mariadbd')],
  // the server alone: another package makes a daemon of it
  packages: ['mariadb-server-core', 'mariadb-server-core-10.6'],
};

/** The path of `postgres`; undefined when there is none. */
export const findPostgres = () => find(POSTGRES);

/** The path of `mariadbd`; undefined when there is none. */
export const findMariadb = () => find(MARIADB);

/** The newest first. */
function postgresVersions() {
  try {
    const versions = readdirSync(POSTGRES_VERSIONS).sort((one, other) => Number(other) - Number(one));
    return versions.map((version) => join(POSTGRES_VERSIONS, version, 'bin/postgres'));
  } catch {
    return [];
  }
}

/** Whether `initdb` is beside it: a link to the server alone may be on the PATH. */
function isWhole(path) {
  return isExecutable(path) && isExecutable(join(dirname(realpathSync(path)), 'initdb'));
}
