#!lua
-- moves a run that causes skips out of a queue that no session serves.
-- Returns 1, or 0 if it no longer waits there.
local keys = {
  unique = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local digest = ARGV[1]
local from = {
  name = ARGV[2],
  pending = KEYS[9],
  quarantined = KEYS[10],
  bell = KEYS[11],
  scheduled = KEYS[12],
  held = KEYS[13],
  ready = KEYS[14],
}
local to = {
  name = ARGV[3],
  pending = KEYS[15],
  quarantined = KEYS[16],
  bell = KEYS[17],
  scheduled = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a run that a worker has claimed meanwhile must stay where it is, and one that is moved must be in one
-- queue and under its key. Without allow-oom: a full Redis refuses before the first write, and the run stays where it is.

local wrong = wrong_type('hash', keys.unique) or wrong_queues({ from, to })
if wrong then
  return wrong
end
local holder = redis.call('HGET', keys.unique, digest)
if not holder then
  return 0
end
-- of another queue it is not found below
local message = string.sub(holder, #from.name + 2)
wrong = wrong_lines_of(keys, { from, to }, { message })
if wrong then
  return wrong
end
local due, queues = redis.call('ZSCORE', from.scheduled, message), by_name({ from, to })
if due then
  redis.call('ZREM', from.scheduled, message)
  redis.call('ZADD', to.scheduled, due, message)
elseif remove(keys, queues, from, place_of(message), message) == 1 then
  message = without_slots(message)
  enlist(keys, queues, to, { message }, false)
else
  return 0
end
redis.call('HSET', keys.unique, digest, to.name .. ' ' .. message)
return 1
