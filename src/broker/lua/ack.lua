#!lua flags=allow-oom
-- active -> done: forgets tasks that the child has finished.
--
-- KEYS: 1 session, 2 claims, 3 stats
-- ARGV: 1 child, 2.. ids
-- Returns how many the child still held. Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  count_stale(KEYS[3], #ARGV - 1)
  return redis.error_reply('LEASE_LOST child is not registered')
end
return redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
