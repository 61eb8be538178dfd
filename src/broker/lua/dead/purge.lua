#!lua flags=allow-oom
-- deletes dead tasks that are too old or too many, the oldest first.
-- Returns the number deleted.
local retention_ms, kept, most = ARGV[1], ARGV[2], ARGV[3]
local queue = { dead = KEYS[1], records = KEYS[2], dead_notes = KEYS[3] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Kept for `retention_ms` and as many as `kept`, or '' for any; `most` to forget at once.
--
-- Atomic because a dead task without its record could neither run again nor be understood.

local wrong = wrong_queues({ queue })
if wrong then
  return wrong
end
local expired = retention_ms == '' and 0 or redis.call('ZCOUNT', queue.dead, '-inf', text(now_ms() - retention_ms))
local surplus = kept == '' and 0 or redis.call('ZCARD', queue.dead) - kept
local count = math.min(math.max(expired, surplus), tonumber(most))
if count <= 0 then
  return 0
end
forget_dead(queue, redis.call('ZRANGE', queue.dead, 0, count - 1))
return count
