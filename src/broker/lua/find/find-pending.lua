#!lua flags=no-writes
-- looks for a task in a part of a list, from its tail.
-- Returns its message or nothing, the number looked at, the number left before them.
local list, id, passed, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { pending = KEYS[1], quarantined = KEYS[2] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `list` is the key of the queue to look at, `passed` how many at its tail to pass over: what comes or goes at the head
-- meanwhile hides nothing.
--
-- A script because only one message of many is wanted. Some may be large, so it takes a few at a time, and not too many.

local looked, bytes, left = 0, 0, redis.call('LLEN', queue[list]) - passed
while left > 0 and looked < tonumber(most) and bytes < tonumber(most_bytes) do
  local last = -1 - passed - looked
  local messages = redis.call('LRANGE', queue[list], last - 49, last)
  for i = #messages, 1, -1 do
    looked, left = looked + 1, left - 1
    if string.sub(messages[i], 1, 20) == id then
      return { messages[i], looked, left }
    end
    bytes = bytes + #messages[i]
  end
end
return { '', looked, math.max(left, 0) }
