#!lua flags=allow-oom
-- gives a scheduled task another time, or moves it to the tail of its queue.
-- Returns 1, or 0 if it is not scheduled any more.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  limits = KEYS[4],
  slots = KEYS[5],
  rates = KEYS[6],
  paced = KEYS[7],
  waiters = KEYS[8],
  limit_labels = KEYS[9],
}
local message, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3]
local queue = {
  name = ARGV[4],
  pending = KEYS[10],
  quarantined = KEYS[11],
  bell = KEYS[12],
  scheduled = KEYS[13],
  held = KEYS[14],
  ready = KEYS[15],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms; 0 from now on means now, at the tail of its queue.
--
-- Atomic because a task must be on the schedule or in the queue, and keep its unique key.

local wrong = wrong_keys(keys) or wrong_queues({ queue }) or wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
if redis.call('ZREM', queue.scheduled, message) == 0 then
  return 0
end
local now = now_ms()
local due = math.max(tonumber(due_ms) + (due_from == 'in' and now or 0), now)
update_key(keys.unique, queue.name, wait_until(keys, by_name({ queue }), queue, message, due, due > now))
return 1
