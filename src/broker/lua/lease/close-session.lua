#!lua flags=allow-oom
-- deletes a session that has no child.
-- Returns 1, or 0 if a child is registered.
local sessions, session = KEYS[1], KEYS[2]
local session_id = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Of one with children the lease runs out, and the reaper takes what they hold.
--
-- Atomic because a session must not vanish while a child of it may hold claims.

for _, field in ipairs(redis.call('HKEYS', session)) do
  if string.sub(field, 1, 1) ~= '@' then
    return 0
  end
end
redis.call('DEL', session)
redis.call('ZREM', sessions, session_id)
return 1
