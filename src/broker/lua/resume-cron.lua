#!lua flags=allow-oom
-- paused -> fired when due: what came due during the pause is settled without a run.
--
-- KEYS: 1 crons
-- ARGV: 1 cron
-- Returns 1, also when it was not paused; 0 when nothing is known of the cron.
--
-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then
  return 0
end
if redis.call('HDEL', KEYS[1], ARGV[1] .. ' paused') == 1 then
  redis.call('HSET', KEYS[1], ARGV[1] .. ' until', text(now_ms()))
end
return 1
