#!lua
-- adds messages to the schedule of a queue, each id once.
-- Returns the number of new messages.
local seen, alarm = KEYS[1], KEYS[2]
local seconds, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3]
local queue = { scheduled = KEYS[3] }
local messages = part(ARGV, 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua.

return let_in(seen, seconds, messages, function(fresh)
  schedule(queue.scheduled, alarm, tonumber(due_ms) + (due_from == 'in' and now_ms() or 0), fresh)
end)
