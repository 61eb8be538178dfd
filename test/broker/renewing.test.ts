import { setTimeout as delay } from 'node:timers/promises';
import { RedisConnection } from '../../src/broker/redis/redis-connection.js';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { RedisServer } from '../../src/testing/redis-server.js';

it('an answer over a connection that is being given up does not make one outage two', async () => {
  const server = await RedisServer.start();
  const told: string[] = [];
  const connection = new RedisConnection(server.url, redisKeys('nestwork'), 1_000, {
    lost: () => {
      told.push('lost');
      // what was sent later than the command that timed out is answered now, before the connection is closed
      server.resume();
    },
    refused: () => {},
    restored: () => told.push('restored'),
  });
  try {
    await connection.command((redis) => redis.ping());
    server.pause();
    const pings: Promise<unknown>[] = [];
    while (!told.includes('restored')) {
      pings.push(connection.command((redis) => redis.ping()).catch(() => {}));
      await delay(10);
    }
    await Promise.all(pings);
    await connection.command((redis) => redis.ping());
    expect(told).toEqual(['lost', 'restored']);
  } finally {
    connection.close();
    await server.stop();
  }
});
