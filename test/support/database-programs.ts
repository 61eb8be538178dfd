// a variable: the compiler has no types of it
const tools = new URL('../../tools/databases.mjs', import.meta.url).href;
const { findPostgres, findMariadb } = (await import(tools)) as Record<
  'findPostgres' | 'findMariadb',
  () => Promise<string | undefined>
>;

/** The path of `postgres`; undefined where there is none, and its tests are left out. */
export const POSTGRES = await findPostgres();

/** The path of `mariadbd`; undefined where there is none, and its tests are left out. */
export const MARIADB = await findMariadb();
