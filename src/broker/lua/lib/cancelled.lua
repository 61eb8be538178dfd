-- Ids are remembered for a day, and ten thousand of them at most. `entries` are times and ids, at most 1,000 of them.
local function remember_ids(list, now, entries)
  redis.call('ZADD', list, unpack(entries))
  redis.call('ZREMRANGEBYSCORE', list, '-inf', text(now - 86400000))
  redis.call('ZREMRANGEBYRANK', list, 0, -10001)
end

local function remember_cancelled(cancelled, now, id)
  remember_ids(cancelled, now, { text(now), id })
end

-- Whether the task was cancelled while it was active: then it must not run again.
local function is_cancelled(cancelled, message)
  return redis.call('ZSCORE', cancelled, string.sub(message, 1, 20)) and true or false
end
