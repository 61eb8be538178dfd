#!lua flags=allow-oom
-- opens a session with a lease, and writes the catalog and the limits.
-- Returns 1.
local sessions, session, pulse, catalog, limits, gates, paced, alarm = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local session_id, lease_ms = ARGV[1], ARGV[2]
local description = part(ARGV, 6, 5 + ARGV[3])
local declared = part(ARGV, #description + 6, #description + 5 + ARGV[4])
local gated = part(ARGV, #description + #declared + 6, #description + #declared + 5 + ARGV[5])
local entries = part(ARGV, #description + #declared + #gated + 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The description is fields and values, the entries of the catalog are names and JSON. `declared` are fields of limits and their values,
-- `gated` queues and their limits. The declaration of the newest session holds.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
redis.call('HSET', session, unpack(description))
for i = 1, #entries, 2 do
  redis.call('HSET', catalog, entries[i], entries[i + 1])
end
-- what a declaration allows, without when it was made
local ALLOWED = '^%S+ %S+ %S+ %d+'
for i = 1, #declared, 2 do
  local name, rule = declared[i], declared[i + 1]
  local before = redis.call('HGET', limits, name)
  redis.call('HSET', limits, name, rule)
  if not before or string.match(before, ALLOWED) ~= string.match(rule, ALLOWED) then
    -- a promoter lets go on what waits by another rule
    redis.call('ZADD', paced, text(now), '*' .. name)
    ring(alarm)
  end
end
if #gated > 0 then
  redis.call('HSET', gates, unpack(gated))
end
redis.call('ZADD', sessions, text(now + lease_ms), session_id)
return 1
