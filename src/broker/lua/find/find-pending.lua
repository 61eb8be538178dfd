#!lua flags=no-writes
-- looks for a task in a part of a list, or of the lines of a queue, from its tail.
-- Returns its message or nothing, the number looked at, the number left before them (of a task in a line, those before
-- it there), 1 if a limit holds it back.
local keys = { gates = KEYS[1], waiters = KEYS[2] }
local place, id, passed, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { name = ARGV[6], pending = KEYS[3], quarantined = KEYS[4], held = KEYS[5], ready = KEYS[6] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `place` is the key of the queue to look at, `passed` how many at its tail to pass over: what comes or goes at the head of a list
-- meanwhile hides nothing.
--
-- A script because only one message of many is wanted. Some may be large, so it takes a few at a time, and not too many.

local has_lines = place == 'held'
local looked, bytes, left = 0, 0, size_of(queue, place) - passed
while left > 0 and looked < tonumber(most) and bytes < tonumber(most_bytes) do
  local last = -1 - passed - looked
  local found = range_of(queue, place, last - 49, last)
  for i = #found, 1, -1 do
    local message = has_lines and message_in_line(found[i]) or found[i]
    looked, left = looked + 1, left - 1
    if string.sub(message, 1, 20) == id then
      local line = has_lines and line_in(found[i])
      local is_waiting = line and is_held_back(queue, line) or place ~= 'quarantined' and waits_as_whole(keys, queue)
      local ahead = line and tasks_ahead(queue, line, found[i]) or left
      return { message, looked, ahead, is_waiting and 1 or 0 }
    end
    bytes = bytes + #message
  end
end
return { '', looked, math.max(left, 0), 0 }
