#!lua flags=allow-oom
-- renews the lease of a session.
-- Returns 1, or 0 if the session was reaped.
local sessions, pulse = KEYS[1], KEYS[2]
local session_id, lease_ms = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the gap is measured and forgiven before anyone can act on an outdated deadline.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
if not redis.call('ZSCORE', sessions, session_id) then
  return 0
end
redis.call('ZADD', sessions, text(now + lease_ms), session_id)
return 1
