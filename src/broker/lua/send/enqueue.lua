#!lua
-- adds messages to the tail of a queue, each id once.
-- Returns the number of new messages; a repeated command finds fewer.
local seen = KEYS[1]
local seconds = ARGV[1]
local queue = { pending = KEYS[2], bell = KEYS[3] }
local messages = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

return let_in(seen, seconds, messages, function(fresh)
  append(queue, fresh)
end)
