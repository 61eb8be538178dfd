#!lua flags=allow-oom
-- moves due tasks from the schedules to the tails of their queues.
-- Returns the number moved, ms until the next is due or -1, an error for each queue with a foreign key.
local limit = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[4 * i - 3],
    quarantined = KEYS[4 * i - 2],
    bell = KEYS[4 * i - 1],
    scheduled = KEYS[4 * i],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.

local now, left, next = now_ms(), tonumber(limit), -1
local function promote(queue)
  local due = left > 0 and redis.call('ZRANGEBYSCORE', queue.scheduled, '-inf', text(now), 'LIMIT', 0, left) or {}
  if #due > 0 then
    enlist(queue, due, false)
    redis.call('ZREMRANGEBYRANK', queue.scheduled, 0, #due - 1)
    left = left - #due
  end
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  if first[2] then
    local in_ms = math.max(tonumber(first[2]) - now, 0)
    next = next < 0 and in_ms or math.min(next, in_ms)
  end
end

local refused = {}
for _, queue in ipairs(queues) do
  local wrong = wrong_queues({ queue })
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    promote(queue)
  end
end
return { tonumber(limit) - left, next, unpack(refused) }
