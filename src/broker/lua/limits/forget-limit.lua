#!lua flags=allow-oom
-- forgets a limit that no session declares any more.
-- Returns 1, or 0 if it was declared anew.
local keys = {
  gates = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local name, declared, queue = ARGV[1], ARGV[2], ARGV[3]
local queues = {}
for i = 1, #ARGV - 3 do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `declared` is what the caller has seen in the hash, which it removes only unchanged: a session that was opened since has declared it
-- anew; '' for the limit of a queue that nobody has declared, and for which nothing is set any more. `queue` is that whose limit it is, ''
-- for none; it keeps its limit while something is set for that.
--
-- Atomic because the tasks that wait for it must go on: nothing else will wake them.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
if (redis.call('HGET', keys.limits, name) or '') ~= declared then
  return 0
end
if queue ~= '' and redis.call('HEXISTS', keys.limits, name .. '!') == 0 then
  redis.call('HDEL', keys.gates, queue)
end
use_lines(keys, by_name(queues))
return end_entry(name)
