#!lua flags=allow-oom
-- fired when due -> paused: until it is resumed, nobody fires the cron.
--
-- KEYS: 1 crons
-- ARGV: 1 cron
-- Returns 1, also when it was paused already; 0 when nothing is known of the cron.
--
-- Atomic because a cron that is being forgotten must not leave a pause behind.

if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then
  return 0
end
redis.call('HSETNX', KEYS[1], ARGV[1] .. ' paused', text(now_ms()))
return 1
