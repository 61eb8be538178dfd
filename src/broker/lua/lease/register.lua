#!lua flags=allow-oom
-- registers a child in a session, so that it can claim.
-- Returns 1, or 0 if the session was reaped.
local sessions, session = KEYS[1], KEYS[2]
local session_id, child = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child added to a session that is being reaped would claim tasks without a lease.

if not redis.call('ZSCORE', sessions, session_id) then
  return 0
end
redis.call('HSETNX', session, child, '0')
return 1
