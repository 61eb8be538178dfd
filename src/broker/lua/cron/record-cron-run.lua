#!lua flags=allow-oom
-- records how the latest run of a cron ended.
-- Returns 1, or 0 for an unknown cron.
local session, crons, run_time_crons = KEYS[1], KEYS[2], KEYS[3]
local child, cron, run = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back.

local _, lost = registration(session, child)
if lost then
  return lost
end
local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
redis.call('HSET', hash, cron .. ' run', run)
return 1
