#!lua flags=allow-oom
-- A broadcast that one child of each machine runs: gives it to the first session of the machine that asks.
--
-- KEYS: 1 broadcast, 2 sessions
-- ARGV: 1 machine, 2 session that asks, 3 seconds to remember
-- Returns 'mine', 'taken' while another session has it, or 'done'. To ask again gives the same answer.
--
-- Atomic because two sessions of one machine ask at the same time. What a session had that is gone, unfinished, goes to
-- the next that asks.

local owner = redis.call('HGET', KEYS[1], '@' .. ARGV[1])
if owner == 'done' then
  return 'done'
end
if owner and owner ~= ARGV[2] and redis.call('ZSCORE', KEYS[2], owner) then
  return 'taken'
end
redis.call('HSET', KEYS[1], '@' .. ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 'mine'
