import { RedisConnection } from '../../src/broker/redis/redis-connection.js';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { RedisServer } from '../../src/testing/redis-server.js';

const TIMEOUT_MS = 500;

let server: RedisServer;
let reported: string[];
let connection: RedisConnection;
beforeEach(async () => {
  server = await RedisServer.start();
  reported = [];
  const listener = { lost: () => reported.push('lost'), refused: () => {}, restored: () => reported.push('restored') };
  connection = new RedisConnection(server.url, redisKeys('nestwork'), TIMEOUT_MS, listener);
});
afterEach(async () => {
  connection.close();
  await server.stop();
});

/** Blocks this process, and leaves the processor to others. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

it('a process that was busy beyond the timeout still receives an answer that arrived in time', async () => {
  await connection.command((redis) => redis.ping());
  const answer = connection.command((redis) => redis.ping());
  block(2 * TIMEOUT_MS);
  await expect(answer).resolves.toBe('PONG');
  expect(reported).toEqual([]);
});

it('a process that was busy while it connected still reports the reason of the failure', async () => {
  await server.kill();
  const answer = connection.command((redis) => redis.ping());
  block(2 * TIMEOUT_MS);
  await expect(answer).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
