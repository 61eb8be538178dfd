#!lua flags=allow-oom
-- pauses a cron.
-- Returns 1, or 0 for an unknown cron.
local crons, run_time_crons = KEYS[1], KEYS[2]
local cron = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a cron that is being forgotten must not leave a pause behind.

local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
redis.call('HSETNX', hash, cron .. ' paused', text(now_ms()))
return 1
