#!lua flags=allow-oom
-- Marks an active task as cancelled, so that it never runs again, and tells every supervisor.
--
-- KEYS: 1 claims of the child that holds it, 2 cancelled, 3 broadcasts
-- ARGV: 1 id, 2 entries that the stream keeps
-- Returns 1, or 0 when the child holds it no more.
--
-- Atomic because a task that has ended or was given back in the meantime must not count as cancelled.

local wrong = wrong_type('hash', 1, 1) or wrong_type('zset', 2, 2) or wrong_type('stream', 3, 3)
if wrong then
  return wrong
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
remember_cancelled(KEYS[2], now_ms(), ARGV[1])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'cancel', 'id', ARGV[1])
return 1
