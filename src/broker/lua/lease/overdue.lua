#!lua flags=allow-oom
-- lists sessions whose lease ran out.
-- Returns ms until the next deadline or -1, the sessions.
local sessions, pulse = KEYS[1], KEYS[2]
local lease_ms = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The lease is that of the supervisor that asks.
--
-- Atomic because the gap must be forgiven before deadlines are compared with the clock.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
local overdue = redis.call('ZRANGEBYSCORE', sessions, '-inf', text(now), 'LIMIT', 0, 100)
local next = redis.call('ZRANGEBYSCORE', sessions, '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { next[2] and next[2] - now or -1, unpack(overdue) }
