#!lua flags=allow-oom
-- gives a broadcast for one child of each machine to the first session there that asks.
-- Returns `mine`, `taken` while another session has it, or `done`.
local broadcast, sessions = KEYS[1], KEYS[2]
local machine, session_id, seconds = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- To ask again gives the same answer.
--
-- Atomic because two sessions of one machine ask at the same time. What a session had that is gone, unfinished, goes to
-- the next that asks.

local owner = redis.call('HGET', broadcast, '@' .. machine)
if owner == 'done' then
  return 'done'
end
if owner and owner ~= session_id and redis.call('ZSCORE', sessions, owner) then
  return 'taken'
end
redis.call('HSET', broadcast, '@' .. machine, session_id)
redis.call('EXPIRE', broadcast, seconds)
return 'mine'
