#!lua flags=allow-oom
-- Notes how the latest run of a cron ended.
--
-- KEYS: 1 session, 2 crons
-- ARGV: 1 child, 2 cron, 3 run (JSON)
-- Returns 1, or 0 when nothing is known of the cron.
--
-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
if redis.call('HEXISTS', KEYS[2], ARGV[2] .. ' schedule') == 0 then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2] .. ' run', ARGV[3])
return 1
