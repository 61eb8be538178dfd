#!lua flags=allow-oom
-- pending, suspect or scheduled to cancelled: removes a task that waits, and frees its key.
-- Returns 1, or 0 when it waits there no more.
local cancelled, unique = KEYS[1], KEYS[2]
local place, message = ARGV[1], ARGV[2]
local queue = { pending = KEYS[3], suspects = KEYS[4], scheduled = KEYS[5] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `place` is the key of the queue in which it was found.
--
-- Atomic because a task that a worker has claimed in the meantime must not count as cancelled.

local wrong = wrong_type('zset', cancelled) or wrong_type('hash', unique)
if wrong then
  return wrong
end
local removed
if place == 'scheduled' then
  removed = redis.call('ZREM', queue.scheduled, message)
else
  -- from the tail: what is cancelled was mostly sent of late
  removed = redis.call('LREM', queue[place], -1, message)
end
if removed > 0 then
  remember_cancelled(cancelled, now_ms(), string.sub(message, 1, 20))
  free_key(unique, message)
end
return removed
