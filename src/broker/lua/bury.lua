#!lua flags=allow-oom
-- active -> dead: keeps a task that will not run again, with the report of its error.
--
-- KEYS: 1 session, 2 claims, 3 dead, 4 dead records
-- ARGV: 1 child, 2 id, 3 report (one line of JSON)
-- Returns 1, or 0 when the child no longer held the task.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 2) or wrong_type('zset', 3, 3) or wrong_type('hash', 4, 4)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local _, message = split(held)
redis.call('ZADD', KEYS[3], text(now_ms()), ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3] .. '\n' .. message)
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
