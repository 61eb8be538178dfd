#!lua flags=allow-oom
-- active -> scheduled or pending: lets a task whose attempt failed run again, and counts the attempt; a cancelled one
-- ends instead.
--
-- KEYS: 1 session, 2 claims, 3 alarm, 4 queue, 5 suspects, 6 bell, 7 scheduled, 8 cancelled, 9 unique
-- ARGV: 1 child, 2 id, 3 failures before this attempt (two digits, base 36), 4 ms until the next attempt, 5 line for the
--       history, 6 `1` when it counts as a failure, `0` when nothing was tried
-- Returns 1, or 0 when the child no longer held the task or the attempt was counted before.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 2) or wrong_type('list', 3, 6) or wrong_type('zset', 7, 8) or wrong_type('hash', 9, 9)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local _, message = split(held)
if string.sub(message, 22, 23) ~= ARGV[3] then
  return 0
end
if is_cancelled(KEYS[8], message) then
  free_key(KEYS[9], message)
  return redis.call('HDEL', KEYS[2], ARGV[2])
end
local keys = { queue = KEYS[4], suspects = KEYS[5], bell = KEYS[6], scheduled = KEYS[7] }
try_again(keys, KEYS[3], message, { delay = tonumber(ARGV[4]), line = ARGV[5], counts = ARGV[6] == '1' })
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
