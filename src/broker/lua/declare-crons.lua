#!lua flags=allow-oom
-- (nowhere) -> known: notes the crons of an app. One that is new, has a new schedule, or was disabled, counts from now on.
--
-- KEYS: 1 crons
-- ARGV: 1 ms by which a record may be ahead of the clock, then per cron: name, schedule, definition
-- Returns 1.
--
-- Atomic because a record without a beginning would make up for every run since 1970. One that is far ahead was written
-- under a clock that has been set back since: left as it is, the cron would stand still until the clock gets there again.
-- A worker that disables a cron leaves the record alone while others may fire it; forget-crons notes when none does.

local function is_disabled(definition)
  -- within a string of JSON its quotes would be escaped
  return definition and string.find(definition, '"disabled":true', 1, true)
end

local now = now_ms()
for i = 2, #ARGV, 3 do
  local name, schedule, definition = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local former = redis.call('HMGET', KEYS[1], name .. ' schedule', name .. ' until', name .. ' definition', name .. ' disabled')
  local settled, idle = tonumber(former[2]), former[4] or is_disabled(former[3])
  if not settled or idle or not is_disabled(definition) then
    if former[1] ~= schedule or not settled or settled > now + ARGV[1] or idle then
      settled = now
    end
    redis.call('HSET', KEYS[1], name .. ' schedule', schedule, name .. ' definition', definition, name .. ' until', text(settled))
    if not is_disabled(definition) then
      redis.call('HDEL', KEYS[1], name .. ' disabled')
    end
  end
end
return 1
