-- Redis does not roll back, so a key that holds something foreign must be found before the first write.
-- Returns an error for the first of KEYS[first..last] that is neither missing nor of the kind.
local function wrong_type(kind, first, last)
  for i = first, last do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= 'none' and found ~= kind then
      return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found)
    end
  end
end
