#!lua flags=allow-oom
-- pending or scheduled -> cancelled: removes a task that waits, and frees its key.
--
-- KEYS: 1 list or sorted set where it waits, 2 cancelled, 3 unique
-- ARGV: 1 the whole message
-- Returns 1, or 0 when it waits there no more.
--
-- Atomic because a task that a worker has claimed in the meantime must not count as cancelled.

local wrong = wrong_type('zset', 2, 2) or wrong_type('hash', 3, 3)
if wrong then
  return wrong
end
local removed
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  removed = redis.call('ZREM', KEYS[1], ARGV[1])
else
  -- from the tail: what is cancelled was mostly sent of late
  removed = redis.call('LREM', KEYS[1], -1, ARGV[1])
end
if removed > 0 then
  remember_cancelled(KEYS[2], now_ms(), string.sub(ARGV[1], 1, 20))
  free_key(KEYS[3], ARGV[1])
end
return removed
