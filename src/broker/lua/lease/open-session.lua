#!lua flags=allow-oom
-- opens a session with a lease, and writes the catalog.
-- Returns 1.
local sessions, session, pulse, catalog = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local session_id, lease_ms = ARGV[1], ARGV[2]
local description = part(ARGV, 4, 3 + ARGV[3])
local entries = part(ARGV, #description + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The description is fields and values, the entries of the catalog are names and JSON.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
redis.call('HSET', session, unpack(description))
for i = 1, #entries, 2 do
  redis.call('HSET', catalog, entries[i], entries[i + 1])
end
redis.call('ZADD', sessions, text(now + lease_ms), session_id)
return 1
