#!lua flags=allow-oom
-- publishes the digest of a worker, which goes with its lease.
-- Returns 1 if somebody looks at the workers, 0 if not, -1 if the session was reaped.
local sessions, digest, watched = KEYS[1], KEYS[2], KEYS[3]
local session_id, for_ms, json = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the digest of a worker that is gone must not stay, and the time is that of Redis.

if not redis.call('ZSCORE', sessions, session_id) then
  return -1
end
redis.call('SET', digest, text(now_ms()) .. ' ' .. json, 'PX', for_ms)
return redis.call('EXISTS', watched)
