#!lua flags=allow-oom
-- Renews the lease of a session.
--
-- KEYS: 1 sessions, 2 pulse
-- ARGV: 1 session, 2 lease in ms
-- Returns 1, or 0 when the session was reaped and must not be revived.
--
-- Atomic because the gap is measured and forgiven before anyone can act on an outdated deadline.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[2], now, tonumber(ARGV[2]))
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return 1
