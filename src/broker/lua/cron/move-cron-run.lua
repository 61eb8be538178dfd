#!lua
-- moves a run that causes skips out of a queue that no session serves.
-- Returns 1, or 0 if it no longer waits there.
local unique = KEYS[1]
local digest = ARGV[1]
local from = { name = ARGV[2], pending = KEYS[2], quarantined = KEYS[3], scheduled = KEYS[4] }
local to = { name = ARGV[3], pending = KEYS[5], quarantined = KEYS[6], bell = KEYS[7], scheduled = KEYS[8] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a run that a worker has claimed meanwhile must stay where it is, and one that is moved must be in one
-- queue and under its key. Without allow-oom: a full Redis refuses before the first write, and the run stays where it is.

local wrong = wrong_type('hash', unique) or wrong_queues({ from, to })
if wrong then
  return wrong
end
local holder = redis.call('HGET', unique, digest)
if not holder then
  return 0
end
-- of another queue it is not found below
local message = string.sub(holder, #from.name + 2)
local due, list = redis.call('ZSCORE', from.scheduled, message), is_quarantined(message) and 'quarantined' or 'pending'
if due then
  redis.call('ZREM', from.scheduled, message)
  redis.call('ZADD', to.scheduled, due, message)
elseif redis.call('LREM', from[list], 1, message) == 1 then
  enlist(to, { message }, false)
else
  return 0
end
redis.call('HSET', unique, digest, to.name .. ' ' .. message)
return 1
