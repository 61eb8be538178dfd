import { MARIADB, POSTGRES } from './database-programs.js';

/** Tests that need PostgreSQL. */
export const withPostgres: typeof describe = POSTGRES ? describe : describe.skip;

/** Tests that need MariaDB. */
export const withMariadb: typeof describe = MARIADB ? describe : describe.skip;
