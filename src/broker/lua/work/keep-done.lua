#!lua
-- keeps done tasks of one name, the last ones of all.
-- Returns the number that is kept.
local keys = { done = KEYS[1] }
local most, seconds = ARGV[1], ARGV[2]
local entries = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `entries` are times of end and records, at most 500. A repetition finds its records there, and adds none.
--
-- Atomic because there must never be more than `most` for long, and a time to live is part of the write.

local wrong = wrong_type('zset', keys.done)
if wrong then
  return wrong
end
redis.call('ZADD', keys.done, unpack(entries))
redis.call('ZREMRANGEBYRANK', keys.done, 0, -1 - most)
redis.call('EXPIRE', keys.done, seconds)
return redis.call('ZCARD', keys.done)
