import type { OutboxListener } from '../outbox-database.js';

/**
 * The events of a connection of `pg`.
 *
 * @example
 * const events: ListeningEvents = await pool.connect();
 */
export interface ListeningEvents {
  /** Adds a listener. */
  on(event: 'notification' | 'error' | 'end', listener: () => void): unknown;
  /** Removes a listener. */
  off(event: 'notification' | 'error' | 'end', listener: () => void): unknown;
}

/** A connection of `pg`, as far as listening needs it. */
export interface ListeningClient extends ListeningEvents {
  query(sql: string): Promise<unknown>;
}

/** Whether a pool has a connection that can be kept: the only one is needed by all others. */
export function canSpareOne(pool: object | undefined): boolean {
  const options: unknown = Reflect.get(Object(pool), 'options');
  // pg has it among its options, and the pool of Knex as its own
  const most: unknown = Reflect.get(Object(options ?? pool), 'max');
  return typeof most !== 'number' || most > 1;
}

/**
 * Listens on a connection that is kept for it.
 *
 * @param release gives the connection back; `broken` says that it is of no more use
 */
export async function listenOn(
  client: ListeningClient,
  channel: string,
  { wake, lost }: OutboxListener,
  release: (broken: boolean) => unknown,
): Promise<() => Promise<void>> {
  let isOver = false;
  const end = async (broken: boolean): Promise<void> => {
    if (isOver) return;
    isOver = true;
    client.off('notification', wake);
    client.off('end', fail);
    // an error of a connection without a listener would end the process; it goes with the connection
    await release(broken);
  };
  const fail = (): void => {
    if (isOver) return;
    void end(true);
    lost();
  };
  client.on('notification', wake);
  client.on('error', fail);
  client.on('end', fail);
  try {
    await client.query(`listen "${channel}"`);
  } catch (error) {
    await end(true);
    throw error;
  }
  return async () => {
    const isClean = await client.query(`unlisten "${channel}"`).then(
      () => true,
      () => false,
    );
    client.off('error', fail);
    await end(!isClean);
  };
}
