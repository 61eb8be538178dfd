#!lua flags=allow-oom
-- ends what was set for a limit or a key, and the stop of a task.
-- Returns what was set, until when a task had stopped it, nothing for none, and the ms of Redis time.
local keys = {
  alarm = KEYS[1],
  limits = KEYS[2],
  slots = KEYS[3],
  rates = KEYS[4],
  paced = KEYS[5],
  waiters = KEYS[6],
  limit_labels = KEYS[7],
}
local field, stop = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = {
    name = ARGV[i + 2],
    pending = KEYS[4 * i + 4],
    bell = KEYS[4 * i + 5],
    held = KEYS[4 * i + 6],
    ready = KEYS[4 * i + 7],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `field` is that of the limit or of one of its keys, `stop` that of a stop, see lib/limits.lua.
--
-- Atomic because what waits must go on by the declaration.

local wrong = wrong_lines(keys, queues) or wrong_type('list', keys.alarm) or wrong_queues(queues)
if wrong then
  return wrong
end
use_lines(keys, by_name(queues))
local override, stopped = unpack(redis.call('HMGET', keys.limits, field, stop))
redis.call('ZREM', keys.paced, '!' .. field, '!' .. stop)
end_entry(stop)
end_entry(field)
return { override or '', stopped or '', text(LIMITS.now) }
