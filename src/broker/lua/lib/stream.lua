-- The facts that Redis gives of a stream, by name; all zero for one that does not exist. `entries-added` counts those that were
-- trimmed, too: so it is the ordinal of the last entry.
local function stream_info(key)
  local info = { ['last-generated-id'] = '0-0', ['entries-added'] = 0, length = 0 }
  if redis.call('EXISTS', key) == 1 then
    local found = redis.call('XINFO', 'STREAM', key)
    for i = 1, #found, 2 do
      info[found[i]] = found[i + 1]
    end
  end
  return info
end
