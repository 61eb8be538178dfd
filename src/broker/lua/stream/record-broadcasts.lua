#!lua flags=allow-oom
-- records how broadcasts ended in processes, and which machine is done.
-- Returns the number of records.
local seconds = ARGV[1]
local broadcasts = {}
for i = 1, ARGV[2] do
  broadcasts[i] = { name = ARGV[i + 2], broadcast = KEYS[i] }
end
local outcomes = part(ARGV, #broadcasts + 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An outcome is a process, JSON, and the machine that is done or ''.
--
-- Atomic because a machine that is done without its outcome, or the other way round, would run it again or hide it.

for _, its in ipairs(broadcasts) do
  local wrong = wrong_type('hash', its.broadcast)
  if wrong then
    return wrong
  end
end
for i, its in ipairs(broadcasts) do
  local process, outcome, machine = unpack(outcomes, 3 * i - 2, 3 * i)
  redis.call('HSET', its.broadcast, process, outcome)
  if machine ~= '' then
    redis.call('HSET', its.broadcast, '@' .. machine, 'done')
  end
  redis.call('EXPIRE', its.broadcast, seconds)
end
return #broadcasts
