#!lua flags=allow-oom
-- active -> pending: gives tasks back to the head of their queues, uncounted.
--
-- KEYS: 1 session, 2 claims, 3 cancelled, 4 unique, then per queue: queue, suspects, bell
-- ARGV: 1 child, 2 claim number that must still be the child's last, or '' for any, 3 number of queues,
--       names of the queues, ids
-- Returns how many were given back.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last then
  return redis.error_reply('LEASE_LOST child is not registered')
end
if ARGV[2] ~= '' and ARGV[2] ~= last then
  return 0
end

local wrong = wrong_type('hash', 2, 2) or wrong_type('zset', 3, 3) or wrong_type('hash', 4, 4) or wrong_type('list', 5, #KEYS)
if wrong then
  return wrong
end
local count = tonumber(ARGV[3])
local queues = index_queues({ unpack(ARGV, 4, 3 + count) }, 5, 3)
local tasks, ids, named = {}, {}, {}
for i = 4 + count, #ARGV do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held and not named[ARGV[i]] then
    named[ARGV[i]] = true
    local queue, message = split(held)
    if not queues[queue] then
      return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
    end
    tasks[#tasks + 1] = { keys = queues[queue], message = message }
    ids[#ids + 1] = ARGV[i]
  end
end

if #ids > 0 then
  -- in this order: should the second write be refused, a task is there twice rather than not at all
  put_back(still_wanted(tasks, KEYS[3], KEYS[4]))
  redis.call('HDEL', KEYS[2], unpack(ids))
end
return #ids
