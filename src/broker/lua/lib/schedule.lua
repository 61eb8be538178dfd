-- Puts messages on the schedule, and wakes promoters that sleep until a later time.
local function schedule(scheduled, alarm, due, messages)
  local first = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
  local added = {}
  for _, message in ipairs(messages) do
    added[#added + 1] = text(due)
    added[#added + 1] = message
  end
  redis.call('ZADD', scheduled, unpack(added))
  if not first[2] or due < tonumber(first[2]) then
    ring(alarm)
  end
end
