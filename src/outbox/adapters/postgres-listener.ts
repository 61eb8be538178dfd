import type { OutboxListener } from '../outbox-database.js';

/**
 * A connection of `pg`, as far as listening needs it.
 *
 * @example
 * const client: ListeningClient = await pool.connect();
 */
export interface ListeningClient {
  query(sql: string): Promise<unknown>;
  on(event: 'notification' | 'error' | 'end', heard: () => void): unknown;
  off(event: 'notification' | 'error' | 'end', heard: () => void): unknown;
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
