#!lua flags=allow-oom
-- scheduled -> pending: moves tasks whose time has come to the tail of their queues, in the order of their times.
--
-- KEYS: per queue: scheduled, queue, suspects, bell
-- ARGV: 1 how many tasks at most
-- Returns { how many, ms until the next one is due or -1, what is wrong with the keys of a queue ... }
--
-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.

local now, left, next = now_ms(), tonumber(ARGV[1]), -1
local function promote(key)
  local due = left > 0 and redis.call('ZRANGEBYSCORE', KEYS[key], '-inf', text(now), 'LIMIT', 0, left) or {}
  if #due > 0 then
    local pending, suspects = {}, {}
    for _, message in ipairs(due) do
      local list = is_suspect(message) and suspects or pending
      list[#list + 1] = message
    end
    if #pending > 0 then
      redis.call('RPUSH', KEYS[key + 1], unpack(pending))
    end
    if #suspects > 0 then
      redis.call('RPUSH', KEYS[key + 2], unpack(suspects))
    end
    redis.call('ZREMRANGEBYRANK', KEYS[key], 0, #due - 1)
    ring(KEYS[key + 3])
    left = left - #due
  end
  local first = redis.call('ZRANGE', KEYS[key], 0, 0, 'WITHSCORES')
  if first[2] then
    local in_ms = math.max(tonumber(first[2]) - now, 0)
    next = next < 0 and in_ms or math.min(next, in_ms)
  end
end

local refused = {}
for key = 1, #KEYS, 4 do
  local wrong = wrong_type('zset', key, key) or wrong_type('list', key + 1, key + 3)
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    promote(key)
  end
end
return { tonumber(ARGV[1]) - left, next, unpack(refused) }
