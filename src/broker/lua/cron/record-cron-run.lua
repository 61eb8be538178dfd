#!lua flags=allow-oom
-- records how the latest run of a cron ended.
-- Returns 1, or 0 for an unknown cron.
local session, crons = KEYS[1], KEYS[2]
local child, cron, run = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back.

local _, lost = registration(session, child)
if lost then
  return lost
end
if redis.call('HEXISTS', crons, cron .. ' schedule') == 0 then
  return 0
end
redis.call('HSET', crons, cron .. ' run', run)
return 1
