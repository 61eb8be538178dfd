#!lua flags=allow-oom
-- Ends a session in order, once all its children have been settled.
--
-- KEYS: 1 sessions, 2 session
-- ARGV: 1 session
-- Returns 1, or 0 when a child is still registered: then the lease runs out and the reaper takes what it holds.
--
-- Atomic because a session must not vanish while a child of it may hold claims.

for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) ~= '@' then
    return 0
  end
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
