#!lua flags=allow-oom
-- active -> dead: keeps a task that will not run again, with the report of its error, and frees its key; a cancelled one
-- ends without a trace instead.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 dead, 5 dead records, 6 cancelled
-- ARGV: 1 child, 2 id, 3 report (one line of JSON), 4 line for the history, or '',
--       5 counters and time of the message (its characters 22 to 34), or ''
-- Returns 1, or 0 when the child no longer held the task.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The counters guard a copy of this
-- command that arrives late: somebody may have sent the task again, and the same child may hold it.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('zset', 4, 4) or wrong_type('hash', 5, 5) or wrong_type('zset', 6, 6)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local _, message = split(held)
if ARGV[5] ~= '' and string.sub(message, 22, 34) ~= ARGV[5] then
  return 0
end
free_key(KEYS[3], message)
if is_cancelled(KEYS[6], message) then
  return redis.call('HDEL', KEYS[2], ARGV[2])
end
if ARGV[4] ~= '' then
  message = remembered(counted(message, 22, 23), ARGV[4])
end
redis.call('ZADD', KEYS[4], text(now_ms()), ARGV[2])
redis.call('HSET', KEYS[5], ARGV[2], ARGV[3] .. '\n' .. message)
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
