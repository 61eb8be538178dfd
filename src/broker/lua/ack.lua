#!lua flags=allow-oom
-- active to done: forgets tasks that the child has finished, and frees their keys.
-- Returns how many the child still held.
local session, claims, unique, stats = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local child = ARGV[1]
local ids = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

if redis.call('HEXISTS', session, child) == 0 then
  count_stale(stats, #ids)
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', claims, unique)
if wrong then
  return wrong
end
local keyed = redis.call('EXISTS', unique) == 1
for _, held in ipairs(keyed and redis.call('HMGET', claims, unpack(ids)) or {}) do
  if held then
    free_key(unique, select(2, split(held)))
  end
end
return redis.call('HDEL', claims, unpack(ids))
