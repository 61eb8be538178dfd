#!lua
-- (nowhere) -> pending: adds messages to the tail of a queue, each id once.
--
-- KEYS: 1 queue, 2 bell, 3 seen bitmap of the block that all ids share
-- ARGV: 1 seconds the bitmap lives on, 2.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

-- Redis does not roll back: were the list something else, the bits would stay and a repetition would be lost
for i = 1, 2 do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and kind ~= 'list' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. kind)
  end
end

local fresh = {}
for i = 2, #ARGV do
  local sequence = tonumber(string.sub(ARGV[i], 13, 20), 36)
  if redis.call('SETBIT', KEYS[3], sequence % 4096, 1) == 0 then
    fresh[#fresh + 1] = ARGV[i]
  end
end
redis.call('EXPIRE', KEYS[3], ARGV[1])

if #fresh > 0 then
  redis.call('RPUSH', KEYS[1], unpack(fresh))
  ring(KEYS[2])
end
return #fresh
