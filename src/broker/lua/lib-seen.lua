-- Sets the bit of each message in ARGV[first..], and returns those whose bit was not set: a client that repeats a command
-- whose reply was lost adds nothing.
local function unseen(bitmap, seconds, first)
  local fresh = {}
  for i = first, #ARGV do
    local sequence = tonumber(string.sub(ARGV[i], 13, 20), 36)
    if redis.call('SETBIT', bitmap, sequence % 4096, 1) == 0 then
      fresh[#fresh + 1] = ARGV[i]
    end
  end
  redis.call('EXPIRE', bitmap, seconds)
  return fresh
end
