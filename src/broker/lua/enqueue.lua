#!lua
-- (nowhere) -> pending: adds messages to the tail of a queue, each id once.
--
-- KEYS: 1 queue, 2 seen bitmap of the block that all ids share, 3 bell
-- ARGV: 1 seconds the bitmap lives on, 2.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

return let_in(KEYS[2], ARGV[1], 2, function(fresh)
  redis.call('RPUSH', KEYS[1], unpack(fresh))
  ring(KEYS[3])
end)
