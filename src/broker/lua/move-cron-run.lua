#!lua
-- pending or scheduled -> the same in another queue: moves the run of a cron for which others are skipped.
--
-- KEYS: 1 unique, 2 queue, 3 suspects, 4 scheduled of the queue where it is, 5 queue, 6 suspects, 7 scheduled, 8 bell of
--       the one where it goes
-- ARGV: 1 digest of its key, 2 name of the queue where it is, 3 of the one where it goes
-- Returns 1, or 0 when it waits there no more.
--
-- Atomic because a run that a worker has claimed meanwhile must stay where it is, and one that is moved must be in one
-- queue and under its key. Without allow-oom: a full Redis refuses before the first write, and the run stays where it is.

local wrong = wrong_type('hash', 1, 1) or wrong_type('list', 2, 3) or wrong_type('zset', 4, 4)
  or wrong_type('list', 5, 6) or wrong_type('zset', 7, 7) or wrong_type('list', 8, 8)
if wrong then
  return wrong
end
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if not holder then
  return 0
end
-- of another queue it is not found below
local message = string.sub(holder, #ARGV[2] + 2)
local due, list = redis.call('ZSCORE', KEYS[4], message), is_suspect(message) and 3 or 2
if due then
  redis.call('ZREM', KEYS[4], message)
  redis.call('ZADD', KEYS[7], due, message)
elseif redis.call('LREM', KEYS[list], 1, message) == 1 then
  redis.call('RPUSH', KEYS[list + 3], message)
  ring(KEYS[8])
else
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. message)
return 1
