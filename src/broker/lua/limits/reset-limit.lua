#!lua flags=allow-oom
-- ends what was set for a limit or a key, and the stop of a task.
-- Returns what was set, until when a task had stopped it, nothing for none, and the ms of Redis time.
local keys = {
  gates = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local field, stop, queue = ARGV[1], ARGV[2], ARGV[3]
local queues = {}
for i = 1, #ARGV - 3 do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `field` is that of the limit or of one of its keys, `stop` that of a stop, see lib/limits.lua. `queue` is that whose limit it is, ''
-- for none: where no app has declared that, the queue has none any more.
--
-- Atomic because what waits must go on by the declaration.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
use_lines(keys, by_name(queues))
local override, stopped = unpack(redis.call('HMGET', keys.limits, field, stop))
redis.call('ZREM', keys.paced, '!' .. field, '!' .. stop)
if queue ~= '' and redis.call('HEXISTS', keys.limits, string.sub(field, 1, 6)) == 0 then
  redis.call('HDEL', keys.gates, queue)
end
end_entry(stop)
end_entry(field)
return { override or '', stopped or '', text(LIMITS.now) }
