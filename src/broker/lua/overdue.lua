#!lua flags=allow-oom
-- Finds sessions whose lease ran out.
--
-- KEYS: 1 sessions, 2 pulse
-- ARGV: 1 lease in ms of the asking supervisor
-- Returns { ms until the next deadline or -1, overdue sessions ... }
--
-- Atomic because the gap must be forgiven before deadlines are compared with the clock.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[2], now, tonumber(ARGV[1]))
local overdue = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, 100)
local next = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { next[2] and next[2] - now or -1, unpack(overdue) }
