-- Notes that a supervisor was here, and forgives every lease when none could be for long: if Redis was away or its
-- clock jumped, the missing renewals prove nothing about the supervisors. A session id ends in its lease in ms.
local function forgive_after_gap(sessions, pulse, now, lease)
  local last = tonumber(redis.call('GET', pulse) or now)
  redis.call('SET', pulse, text(now))
  if math.abs(now - last) <= lease / 3 then
    return
  end
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    local its_lease = tonumber(string.match(session, '%d+$')) or lease
    redis.call('ZADD', sessions, text(now + its_lease), session)
  end
end
