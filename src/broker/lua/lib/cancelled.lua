-- The cancelled are remembered for a day, and ten thousand of them at most.
local function remember_cancelled(cancelled, now, id)
  redis.call('ZADD', cancelled, text(now), id)
  redis.call('ZREMRANGEBYSCORE', cancelled, '-inf', text(now - 86400000))
  redis.call('ZREMRANGEBYRANK', cancelled, 0, -10001)
end

-- Whether the task was cancelled while it was active: then it must not run again.
local function is_cancelled(cancelled, message)
  return redis.call('ZSCORE', cancelled, string.sub(message, 1, 20)) and true or false
end
