// a variable: the compiler has no types of it
const servers = new URL('../../../tools/database-servers.mjs', import.meta.url).href;

/** A database of its own for one scenario. */
export interface Database {
  readonly product: string;
  readonly url: string;
  kill(signal?: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Server {
  start(): Promise<Omit<Database, 'product'>>;
}

/** Starts each database that can be had on this machine: PostgreSQL and MariaDB. */
export async function startDatabases(): Promise<Database[]> {
  const { loadDatabaseServers } = (await import(servers)) as {
    loadDatabaseServers(): Promise<Record<string, unknown>>;
  };
  const { PostgresServer, MariadbServer, POSTGRES, MARIADB } = await loadDatabaseServers();
  const products = [
    ['PostgreSQL', POSTGRES, PostgresServer],
    ['MariaDB', MARIADB, MariadbServer],
  ] as const;
  const started: Database[] = [];
  for (const [product, path, server] of products) {
    if (path === undefined) {
      console.warn(`There is no ${product} on this machine: the outbox is not tried with it.`);
      continue;
    }
    const database = await (server as Server).start();
    started.push({
      product,
      url: database.url,
      kill: (signal) => database.kill(signal),
      restart: () => database.restart(),
      stop: () => database.stop(),
    });
  }
  return started;
}
