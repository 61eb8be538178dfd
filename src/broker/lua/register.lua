#!lua flags=allow-oom
-- Registers a child in a session that still has its lease; only a registered child can claim or finish.
--
-- KEYS: 1 sessions, 2 session
-- ARGV: 1 session, 2 child
-- Returns 1, or 0 when the session was reaped.
--
-- Atomic because a child added to a session that is being reaped would claim tasks nobody watches.

if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('HSETNX', KEYS[2], ARGV[2], '0')
return 1
