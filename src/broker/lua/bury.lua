#!lua flags=allow-oom
-- active to dead: keeps a task that will not run again, with the report of its error; a cancelled one ends.
-- Returns 1, or 0 when the child no longer held the task.
local session, claims, unique, cancelled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local child, id, report, line, header = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { dead = KEYS[5], records = KEYS[6] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `report` is one line of JSON; `line` goes to the history, '' for none, and then nothing is counted either; `header` has
-- the counters and the time of the message that was claimed (its characters 22 to 34), or ''.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The header guards a copy of this
-- command that arrives late: somebody may have sent the task again, and the same child may hold it.

if redis.call('HEXISTS', session, child) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', claims, unique) or wrong_type('zset', cancelled) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', claims, id)
if not held then
  return 0
end
local _, message = split(held)
if header ~= '' and string.sub(message, 22, 34) ~= header then
  return 0
end
free_key(unique, message)
if is_cancelled(cancelled, message) then
  return redis.call('HDEL', claims, id)
end
if line ~= '' then
  message = remembered(counted(message, 22, 23), line)
end
redis.call('ZADD', queue.dead, text(now_ms()), id)
redis.call('HSET', queue.records, id, report .. '\n' .. message)
redis.call('HDEL', claims, id)
return 1
