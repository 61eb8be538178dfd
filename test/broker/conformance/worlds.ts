import { RedisBroker } from '../../../src/broker/redis-broker.js';
import { SessionClaims } from '../../../src/testing/session-claims.js';
import { StreamBroadcasts } from '../../../src/testing/stream-broadcasts.js';
import { TestBench } from '../../../src/testing/test-bench.js';
import { BrokerFixture } from '../../support/broker-fixture.js';
import { QUEUES, type RedisWorld, type World } from './stage.js';

/** Brings everything nearer that waits for a time, instead of moving the clock of Redis. */
const SHIFT = `
local keys = redis.call('KEYS', '{nestwork}:scheduled:*')
table.insert(keys, '{nestwork}:sessions')
table.insert(keys, '{nestwork}:group-times')
table.insert(keys, '{nestwork}:groups-ended')
table.insert(keys, '{nestwork}:cron-lines')
for _, key in ipairs(redis.call('KEYS', '{nestwork}:cron-times:*')) do
  table.insert(keys, key)
end
for _, key in ipairs(keys) do
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #entries, 2 do
    redis.call('ZADD', key, string.format('%.0f', entries[i + 1] - ARGV[1]), entries[i])
  end
end
for _, key in ipairs({ '{nestwork}:crons', '{nestwork}:run-time-crons' }) do
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.find(field, ' until$') or string.find(field, ' ended$') or string.find(field, ' orphan$') then
      redis.call('HSET', key, field, string.format('%.0f', redis.call('HGET', key, field) - ARGV[1]))
    end
  end
end
for _, key in ipairs(redis.call('KEYS', '{nestwork}:dead:*')) do
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #entries, 2 do
    redis.call('ZADD', key, string.format('%.0f', entries[i + 1] - ARGV[1]), entries[i])
  end
end
for _, queue in ipairs(redis.call('HKEYS', '{nestwork}:pauses')) do
  local pause = redis.call('HGET', '{nestwork}:pauses', queue)
  redis.call('HSET', '{nestwork}:pauses', queue, (string.gsub(pause, '^[1-9]%d+', function(time) return string.format('%.0f', time - ARGV[1]) end)))
end
for _, limit in ipairs(redis.call('ZRANGE', '{nestwork}:rates', 0, -1)) do
  redis.call('ZINCRBY', '{nestwork}:rates', string.format('%.0f', -1000 * ARGV[1]), limit)
end
for _, entry in ipairs(redis.call('ZRANGE', '{nestwork}:paced', 0, -1)) do
  redis.call('ZINCRBY', '{nestwork}:paced', string.format('%.0f', -ARGV[1]), entry)
end
for _, field in ipairs(redis.call('HKEYS', '{nestwork}:limits')) do
  if #field == 28 and string.sub(field, 28) == '.' then
    redis.call('HINCRBY', '{nestwork}:limits', field, string.format('%.0f', -ARGV[1]))
  end
end
if ARGV[2] == 'silent' and redis.call('EXISTS', '{nestwork}:pulse') == 1 then
  redis.call('SET', '{nestwork}:pulse', string.format('%.0f', redis.call('GET', '{nestwork}:pulse') - ARGV[1]))
end`;

export async function overRedis(): Promise<RedisWorld> {
  const fixture = await BrokerFixture.start();
  const make = (): RedisBroker =>
    new RedisBroker({ redis: fixture.settings, namespace: 'nestwork', queues: QUEUES, commandTimeoutMs: 5_000 });
  let broker = make();
  return {
    get broker() {
      return broker;
    },
    work: async (catalog, limits) => ({
      claims: await SessionClaims.open(broker, QUEUES, catalog, limits),
      broadcasts: new StreamBroadcasts(broker),
      results: broker.results,
    }),
    letTimePass: async (ms) => {
      await fixture.redis.eval(SHIFT, 0, ms, 'pulse');
    },
    fallSilent: async (ms) => {
      await fixture.redis.eval(SHIFT, 0, ms, 'silent');
    },
    reset: async () => {
      await broker.close();
      await fixture.redis.flushall();
      broker = make();
    },
    stop: async () => {
      await broker.close();
      await fixture.stop();
    },
  };
}

export async function inMemory(): Promise<World> {
  let bench = new TestBench('memory');
  let broker = bench.makeBroker(QUEUES);
  return {
    get broker() {
      return broker;
    },
    work: async (catalog, limits) => {
      broker.serve(catalog, limits);
      return broker;
    },
    letTimePass: async (ms) => bench.moveTo(bench.clock() + ms),
    reset: async () => {
      await broker.close();
      bench = new TestBench('memory');
      broker = bench.makeBroker(QUEUES);
    },
    stop: () => broker.close(),
  };
}
