import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { CatalogPort, CatalogTask } from './port/catalog-port.js';
import type { LiveSessions } from './port/worker-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { fieldsOfLiveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

/** Starts the field of a queue: the name of no task starts so. */
const QUEUE = '@';

/** The fields for the queues that a worker serves, so that tools find a queue without workers and without tasks of its own. */
export function catalogOfQueues(queues: readonly string[]): string[] {
  return queues.flatMap((queue) => [QUEUE + queue, JSON.stringify({ queue })]);
}

/** Reads the catalog. It has a field for each task and queue, so that one command reads the whole of it. */
export class RedisCatalog implements CatalogPort {
  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  async tasks(): Promise<CatalogTask[]> {
    const fields = await this.read();
    return sorted(fields.filter(([field]) => !field.startsWith(QUEUE)).map(([name, entry]) => ({ ...entry, name })));
  }

  async queues(sessions?: LiveSessions): Promise<string[]> {
    const [fields, lists] = await Promise.all([
      this.read(),
      // a worker of an older version adds no fields for its queues
      fieldsOfLiveSessions(this.connection, [SERVED_QUEUES], sessions),
    ]);
    const served = lists.flatMap(([queues]) => queuesIn(queues));
    const named = fields.map(([, { queue }]) => queue).filter((queue) => queue !== BROADCAST_QUEUE);
    return [...new Set([...named, ...served])].sort();
  }

  private async read(): Promise<[field: string, entry: Omit<CatalogTask, 'name'>][]> {
    const fields = await this.connection.command((redis, keys) => redis.hgetall(keys.catalog()));
    return Object.entries(fields).flatMap(([field, text]) => {
      const entry = this.foreign.json(`The field "${field}" of ${this.connection.keys.catalog()}`, text, isEntry);
      return entry ? [[field, entry] as [string, typeof entry]] : [];
    });
  }
}

export function isEntry(entry: unknown): entry is Omit<CatalogTask, 'name'> {
  return typeof entry === 'object' && entry !== null && 'queue' in entry && typeof entry.queue === 'string';
}

function sorted(tasks: CatalogTask[]): CatalogTask[] {
  return tasks.sort((a, b) => (a.name < b.name ? -1 : 1));
}
