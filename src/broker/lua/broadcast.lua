#!lua
-- (nowhere) -> the stream: appends calls for every worker, each id once, and lets go of the oldest entries.
--
-- KEYS: 1 broadcasts, 2 seen bitmap of the block that all ids share
-- ARGV: 1 seconds the bitmap lives on, 2 entries to keep, 3.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the entry must appear together: a bit without its entry loses the call, an entry without
-- its bit runs twice. Without allow-oom: a full Redis refuses before the first write.

local fresh = {}
for i = 3, #ARGV do
  local bit = tonumber(string.sub(ARGV[i], 13, 20), 36) % 4096
  if redis.call('SETBIT', KEYS[2], bit, 1) == 0 then
    fresh[#fresh + 1] = { bit = bit, message = ARGV[i] }
  end
end
redis.call('EXPIRE', KEYS[2], ARGV[1])

for i, call in ipairs(fresh) do
  local id = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'call', 'message', call.message)
  if type(id) == 'table' and id.err then
    -- Redis does not roll back: with the bits left a repetition would count as done
    for j = i, #fresh do
      redis.call('SETBIT', KEYS[2], fresh[j].bit, 0)
    end
    return id
  end
end
return #fresh
