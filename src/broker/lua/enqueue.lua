#!lua
-- (nowhere) -> pending: adds messages to the tail of a queue, each id once.
--
-- KEYS: 1 queue, 2 bell, 3 seen bitmap of the block that all ids share
-- ARGV: 1 seconds the bitmap lives on, 2.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

local fresh = {}
for i = 2, #ARGV do
  local sequence = tonumber(string.sub(ARGV[i], 13, 20), 36)
  if redis.call('SETBIT', KEYS[3], sequence % 4096, 1) == 0 then
    fresh[#fresh + 1] = ARGV[i]
  end
end
redis.call('EXPIRE', KEYS[3], ARGV[1])

if #fresh > 0 then
  local pushed = redis.pcall('RPUSH', KEYS[1], unpack(fresh))
  if type(pushed) == 'table' and pushed.err then
    -- Redis does not roll back: with the bits left a repetition would count as done
    for _, message in ipairs(fresh) do
      redis.call('SETBIT', KEYS[3], tonumber(string.sub(message, 13, 20), 36) % 4096, 0)
    end
    return pushed
  end
  ring(KEYS[2])
end
return #fresh
