#!lua flags=allow-oom
-- active -> scheduled or pending: lets a task whose attempt failed run again, and counts the attempt; a cancelled one
-- ends instead.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 alarm, 5 cancelled, 6 queue, 7 suspects, 8 bell, 9 scheduled
-- ARGV: 1 child, 2 id, 3 failures before this attempt (two digits, base 36), 4 ms until the next attempt, 5 line for the
--       history, 6 `1` when it counts as a failure, `0` when nothing was tried
-- Returns 1, or 0 when the child no longer held the task or the attempt was counted before.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('list', 4, 4) or wrong_type('zset', 5, 5) or wrong_type('list', 6, 8)
  or wrong_type('zset', 9, 9)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local queue, message = split(held)
if string.sub(message, 22, 23) ~= ARGV[3] then
  return 0
end
if is_cancelled(KEYS[5], message) then
  free_key(KEYS[3], message)
  return redis.call('HDEL', KEYS[2], ARGV[2])
end
local keys = { queue = KEYS[6], suspects = KEYS[7], bell = KEYS[8], scheduled = KEYS[9] }
local task = { queue = queue, keys = keys, message = message }
try_again(task, KEYS[3], KEYS[4], { delay = tonumber(ARGV[4]), line = ARGV[5], counts = ARGV[6] == '1' })
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
