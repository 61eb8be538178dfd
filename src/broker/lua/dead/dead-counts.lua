#!lua flags=no-writes
-- counts dead tasks of queues by time of death.
-- Returns the number of each queue.
local since, till = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], dead = KEYS[i] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A script because a dashboard asks for a hundred queues at once. ZCOUNT takes as long for many tasks as for few. The caller gives so
-- many queues that the whole is short.

local wrong = wrong_queues(queues)
if wrong then
  return wrong
end
local counts = {}
for i, queue in ipairs(queues) do
  counts[i] = redis.call('ZCOUNT', queue.dead, since, till)
end
return counts
