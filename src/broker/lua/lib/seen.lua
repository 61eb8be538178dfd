-- Lets each message in once: those whose bit was not set go to `add`, and their number is returned. A client that repeats
-- a command whose reply was lost adds nothing. When Redis refuses what `add` does, the bits are taken back, because it
-- does not roll back: with them left a repetition would count as done.
local function let_in(bitmap, seconds, messages, add)
  local fresh, bits = {}, {}
  for i = 1, #messages do
    local message = messages[i]
    local bit = tonumber(string.sub(message, 13, 20), 36) % 4096
    if redis.call('SETBIT', bitmap, bit, 1) == 0 then
      fresh[#fresh + 1] = message
      bits[#bits + 1] = bit
    end
  end
  redis.call('EXPIRE', bitmap, seconds)
  if #fresh == 0 then
    return 0
  end
  local added, refusal = pcall(add, fresh)
  if added then
    return #fresh
  end
  for _, bit in ipairs(bits) do
    redis.call('SETBIT', bitmap, bit, 0)
  end
  return redis.error_reply(type(refusal) == 'table' and refusal.err or refusal)
end
