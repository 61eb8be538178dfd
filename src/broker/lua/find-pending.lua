#!lua flags=no-writes
-- Looks for a task in a part of a list, from the tail: what comes or goes at the head meanwhile hides nothing.
--
-- KEYS: 1 list
-- ARGV: 1 id, 2 how many at the tail to pass over, 3 how many to look at, 4 about how many bytes to look at
-- Returns { message or '', how many it has looked at, 1 when there is more }
--
-- A script because only one message of many is wanted. Some may be large, so it takes a few at a time, and not too many.

local passed, looked, bytes = tonumber(ARGV[2]), 0, 0
while looked < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
  local last = -1 - passed - looked
  local messages = redis.call('LRANGE', KEYS[1], last - 49, last)
  for i = #messages, 1, -1 do
    if string.sub(messages[i], 1, 20) == ARGV[1] then
      return { messages[i], looked, 1 }
    end
    bytes = bytes + #messages[i]
  end
  looked = looked + #messages
  if #messages < 50 then
    return { '', looked, 0 }
  end
end
return { '', looked, 1 }
