#!lua flags=allow-oom
-- gives a relay its turn, unless another one has it.
-- Returns 1, or 0 while another relay has the turn.
local relaying = KEYS[1]
local relay, for_ms = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- 0 ms give the turn back. Nothing but load hangs on a turn: two relays at once find the rows that the other one has locked.
--
-- Atomic because two relays must not both find that nobody has it.

local current = redis.call('GET', relaying)
if current and current ~= relay then
  return 0
end
if tonumber(for_ms) > 0 then
  redis.call('SET', relaying, relay, 'PX', for_ms)
elseif current then
  redis.call('DEL', relaying)
end
return 1
