#!lua flags=allow-oom
-- dead -> (nowhere): forgets dead tasks.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: id and time of death in ms of each, at most 500
-- Returns how many there were.
--
-- Atomic because a dead task without its record could neither run again nor be understood. The time of death guards a
-- copy of this command that arrives late: by then the task may have run and died once more.

local wrong = wrong_type('zset', 1, 1) or wrong_type('hash', 2, 2)
if wrong then
  return wrong
end
local removed = 0
for i = 1, #ARGV, 2 do
  local died_at = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if died_at and tonumber(died_at) == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
    removed = removed + 1
  end
end
return removed
