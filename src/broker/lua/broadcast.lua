#!lua
-- (nowhere) -> the stream: appends calls for every worker, each id once, and lets go of the oldest entries.
--
-- KEYS: 1 broadcasts, 2 seen bitmap of the block that all ids share
-- ARGV: 1 seconds the bitmap lives on, 2 entries to keep, 3.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the entry must appear together, as in enqueue.lua.

return let_in(KEYS[2], ARGV[1], 3, function(fresh)
  for _, message in ipairs(fresh) do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'call', 'message', message)
  end
end)
