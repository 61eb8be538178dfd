#!lua flags=allow-oom
-- active to scheduled, pending or suspect: lets a task run again after an attempt; a cancelled one ends.
-- Returns 1, or 0 when the child no longer held the task or the attempt was counted before.
local session, claims, unique, alarm, cancelled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local child, id, failures, delay, line, counts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queue = { name = ARGV[7], pending = KEYS[6], suspects = KEYS[7], bell = KEYS[8], scheduled = KEYS[9] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `failures` before this attempt are two digits, base 36; `counts` is 1 when it counts as one, 0 when nothing was tried;
-- `line` goes to the history.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

if redis.call('HEXISTS', session, child) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', claims, unique) or wrong_type('list', alarm) or wrong_type('zset', cancelled)
  or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', claims, id)
if not held then
  return 0
end
local _, message = split(held)
if string.sub(message, 22, 23) ~= failures then
  return 0
end
if is_cancelled(cancelled, message) then
  free_key(unique, message)
  return redis.call('HDEL', claims, id)
end
local task = { queue = queue, message = message }
try_again(task, unique, alarm, { delay = tonumber(delay), line = line, counts = counts == '1' })
redis.call('HDEL', claims, id)
return 1
