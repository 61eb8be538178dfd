#!lua flags=allow-oom
-- resumes a cron at the present, without the runs due during the pause.
-- Returns 1, or 0 for an unknown cron.
local crons, run_time_crons = KEYS[1], KEYS[2]
local cron = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
if redis.call('HDEL', hash, cron .. ' paused') == 1 then
  redis.call('HSET', hash, cron .. ' until', text(now_ms()))
end
return 1
