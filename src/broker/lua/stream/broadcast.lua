#!lua
-- adds calls to the stream, each id once, and trims it.
-- Returns the number of new messages.
local broadcasts, seen = KEYS[1], KEYS[2]
local seconds, kept = ARGV[1], ARGV[2]
local messages = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the bit and the entry must appear together, as in enqueue.lua.

return let_in(seen, seconds, messages, function(fresh)
  for _, message in ipairs(fresh) do
    redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'call', 'message', message)
  end
end)
