#!lua flags=allow-oom
-- dead -> (nowhere): forgets dead tasks that have been kept for long enough, and those beyond a number, the oldest first.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: 1 ms for which they are kept, or '', 2 how many are kept, or '', 3 how many to forget at most
-- Returns how many it forgot.
--
-- Atomic because a dead task without its record could neither run again nor be understood.

local expired = ARGV[1] == '' and 0 or redis.call('ZCOUNT', KEYS[1], '-inf', text(now_ms() - ARGV[1]))
local surplus = ARGV[2] == '' and 0 or redis.call('ZCARD', KEYS[1]) - ARGV[2]
local count = math.min(math.max(expired, surplus), tonumber(ARGV[3]))
if count <= 0 then
  return 0
end
-- the records first: whichever key holds something foreign is found before anything is written
redis.call('HDEL', KEYS[2], unpack(redis.call('ZRANGE', KEYS[1], 0, count - 1)))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - 1)
return count
