#!lua
-- (nowhere) -> scheduled: adds messages that are due later, each id once.
--
-- KEYS: 1 scheduled, 2 seen bitmap of the block that all ids share, 3 alarm
-- ARGV: 1 seconds the bitmap lives on, 2 `in` or `at`, 3 ms from now or since 1970, 4.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua.

return let_in(KEYS[2], ARGV[1], 4, function(fresh)
  schedule(KEYS[1], KEYS[3], tonumber(ARGV[3]) + (ARGV[2] == 'in' and now_ms() or 0), fresh)
end)
