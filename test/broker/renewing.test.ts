import { setTimeout as delay } from 'node:timers/promises';
import { RedisConnection } from '../../src/broker/redis/redis-connection.js';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { RedisServer } from '../../src/testing/redis-server.js';

it('a late answer over an abandoned connection does not report a second outage', async () => {
  const server = await RedisServer.start();
  const reported: string[] = [];
  const connection = new RedisConnection(server.url, redisKeys('nestwork'), 1_000, {
    lost: () => {
      reported.push('lost');
      // a command that was sent after the one that timed out is answered now, before the connection is closed
      server.resume();
    },
    refused: () => {},
    restored: () => reported.push('restored'),
  });
  try {
    await connection.command((redis) => redis.ping());
    server.pause();
    const pings: Promise<unknown>[] = [];
    while (!reported.includes('restored')) {
      pings.push(connection.command((redis) => redis.ping()).catch(() => {}));
      await delay(10);
    }
    await Promise.all(pings);
    await connection.command((redis) => redis.ping());
    expect(reported).toEqual(['lost', 'restored']);
  } finally {
    connection.close();
    await server.stop();
  }
});
