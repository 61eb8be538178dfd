#!lua flags=allow-oom
-- paused to fired when due: what came due during the pause is settled without a run.
-- Returns 1, also when it was not paused; 0 when nothing is known of the cron.
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
