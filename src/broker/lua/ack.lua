#!lua flags=allow-oom
-- active -> done: forgets tasks that the child has finished.
--
-- KEYS: 1 session, 2 claims
-- ARGV: 1 child, 2.. ids
-- Returns how many the child still held.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
return redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
