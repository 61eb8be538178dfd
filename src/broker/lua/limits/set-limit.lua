#!lua flags=allow-oom
-- sets what a limit, or one of its keys, allows, for a time or until it is reset.
-- Returns the end in ms of Redis time, or 0, and what was set before, nothing if that is the same.
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
local field, value, for_ms, details, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, #ARGV - 5 do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `field` is that of the limit or of one of its keys, `value` what stands in front of the end and the JSON behind it, see lib/limits.lua. `for_ms` is '' for
-- no end; `queue` is that whose limit it is, '' for none: no app need have declared that.
--
-- Atomic because what waits must go on by the new rule, and its end must be known to promoters. A repeated command sets the same again.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
use_lines(keys, by_name(queues))
local ends = for_ms == '' and '0' or text(LIMITS.now + for_ms)
local before = redis.call('HGET', keys.limits, field) or ''
if queue ~= '' then
  redis.call('HSET', keys.gates, queue, string.sub(field, 1, 6) .. string.rep('-', 21))
end
set_entry(field, value .. ' ' .. ends .. ' ' .. details, for_ms ~= '' and ends)
-- a repeated command finds its own
return { ends, string.sub(before, -#details - 1) == ' ' .. details and '' or before }
