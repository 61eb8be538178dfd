#!lua flags=no-writes
-- Looks for a task in a part of a list, from the tail: what comes or goes at the head meanwhile hides nothing.
--
-- KEYS: 1 list
-- ARGV: 1 id, 2 how many at the tail to pass over, 3 how many to look at
-- Returns { message or '', 1 when there is more }
--
-- A script because only one message of many is wanted.

local last = -1 - ARGV[2]
local messages = redis.call('LRANGE', KEYS[1], last - ARGV[3] + 1, last)
for i = #messages, 1, -1 do
  if string.sub(messages[i], 1, 20) == ARGV[1] then
    return { messages[i], 1 }
  end
end
return { '', #messages == tonumber(ARGV[3]) and 1 or 0 }
