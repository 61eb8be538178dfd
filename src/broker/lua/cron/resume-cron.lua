#!lua flags=allow-oom
-- resumes a cron at the present, without the runs due during the pause.
-- Returns 1, or 0 for an unknown cron.
local crons = KEYS[1]
local cron = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

if redis.call('HEXISTS', crons, cron .. ' schedule') == 0 then
  return 0
end
if redis.call('HDEL', crons, cron .. ' paused') == 1 then
  redis.call('HSET', crons, cron .. ' until', text(now_ms()))
end
return 1
