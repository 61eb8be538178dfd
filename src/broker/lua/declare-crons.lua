#!lua flags=allow-oom
-- (nowhere) -> known: notes the crons of an app. One that is new, or has a new schedule, counts from now on.
--
-- KEYS: 1 crons
-- ARGV: 1 ms by which a record may be ahead of the clock, then per cron: name, schedule, definition
-- Returns 1.
--
-- Atomic because a record without a beginning would make up for every run since 1970. One that is far ahead was written
-- under a clock that has been set back since: left as it is, the cron would stand still until the clock gets there again.

local now = now_ms()
for i = 2, #ARGV, 3 do
  local name = ARGV[i]
  local former = redis.call('HMGET', KEYS[1], name .. ' schedule', name .. ' until')
  local settled = tonumber(former[2])
  if former[1] ~= ARGV[i + 1] or not settled or settled > now + ARGV[1] then
    settled = now
  end
  redis.call('HSET', KEYS[1], name .. ' schedule', ARGV[i + 1], name .. ' definition', ARGV[i + 2], name .. ' until', text(settled))
end
return 1
