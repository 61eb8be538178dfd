#!lua flags=allow-oom
-- deletes dead tasks that are too old or too many, the oldest first.
-- Returns the number deleted.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local retention_ms, kept, most = ARGV[1], ARGV[2], ARGV[3]
local queue = { dead = KEYS[6], records = KEYS[7], dead_notes = KEYS[8] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Kept for `retention_ms` and as many as `kept`, or '' for any; `most` to forget at once.
--
-- Atomic because a dead task without its record could neither run again nor be understood.

local wrong = wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local expired = retention_ms == '' and 0 or redis.call('ZCOUNT', queue.dead, '-inf', text(now_ms() - retention_ms))
local surplus = kept == '' and 0 or redis.call('ZCARD', queue.dead) - kept
local count = math.min(math.max(expired, surplus), tonumber(most))
if count <= 0 then
  return 0
end
delete_dead(keys, queue, redis.call('ZRANGE', queue.dead, 0, count - 1))
return count
