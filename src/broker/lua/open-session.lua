#!lua flags=allow-oom
-- Opens the session of a supervisor: from now on its lease runs.
--
-- KEYS: 1 sessions, 2 session, 3 pulse, 4 catalog
-- ARGV: 1 session, 2 lease in ms, 3 length of the description, fields and values of the description, names and
--       entries of the catalog
-- Returns 1.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[3], now, tonumber(ARGV[2]))
local last = 3 + ARGV[3]
redis.call('HSET', KEYS[2], unpack(ARGV, 4, last))
for i = last + 1, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return 1
