#!lua flags=allow-oom
-- ends what was set for a limit or a key.
-- Returns 1, or 0 if nothing was set.
local keys = {
  alarm = KEYS[1],
  limits = KEYS[2],
  slots = KEYS[3],
  rates = KEYS[4],
  paced = KEYS[5],
  waiters = KEYS[6],
  limit_labels = KEYS[7],
}
local field = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[4 * i + 4],
    bell = KEYS[4 * i + 5],
    held = KEYS[4 * i + 6],
    ready = KEYS[4 * i + 7],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because what waits must go on by the declaration.

local wrong = wrong_lines(keys, queues) or wrong_type('list', keys.alarm) or wrong_queues(queues)
if wrong then
  return wrong
end
redis.call('ZREM', keys.paced, '!' .. field)
return shared_lines(keys, by_name(queues)).end_entry(field)
