#!lua flags=allow-oom
-- adds an order for one worker to the stream.
-- Returns 1, or 0 if the lease of the worker is over.
local sessions, broadcasts = KEYS[1], KEYS[2]
local session_id, kept, id, action, pid, ordered_by = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because an order that nobody will read must not look as if it was given.

local wrong = wrong_type('stream', broadcasts)
if wrong then
  return wrong
end
local deadline = redis.call('ZSCORE', sessions, session_id)
if not deadline or tonumber(deadline) <= now_ms() then
  return 0
end
local order = { 'kind', 'order', 'session', session_id, 'id', id, 'action', action, 'pid', pid, 'by', ordered_by }
redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', unpack(order))
return 1
