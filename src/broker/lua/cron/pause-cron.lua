#!lua flags=allow-oom
-- pauses a cron.
-- Returns 1, or 0 for an unknown cron.
local crons = KEYS[1]
local cron = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a cron that is being forgotten must not leave a pause behind.

if redis.call('HEXISTS', crons, cron .. ' schedule') == 0 then
  return 0
end
redis.call('HSETNX', crons, cron .. ' paused', text(now_ms()))
return 1
