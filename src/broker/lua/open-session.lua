#!lua flags=allow-oom
-- Opens the session of a supervisor: from now on its lease runs.
--
-- KEYS: 1 sessions, 2 session, 3 pulse
-- ARGV: 1 session, 2 lease in ms, then field and value of what describes it
-- Returns 1.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[3], now, tonumber(ARGV[2]))
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return 1
