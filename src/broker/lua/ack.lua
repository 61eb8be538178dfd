#!lua flags=allow-oom
-- active -> done: forgets tasks that the child has finished, and frees their keys.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 stats
-- ARGV: 1 child, 2.. ids
-- Returns how many the child still held. Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  count_stale(KEYS[4], #ARGV - 1)
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3)
if wrong then
  return wrong
end
local keyed = redis.call('EXISTS', KEYS[3]) == 1
for _, held in ipairs(keyed and redis.call('HMGET', KEYS[2], unpack(ARGV, 2)) or {}) do
  if held then
    free_key(KEYS[3], select(2, split(held)))
  end
end
return redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
