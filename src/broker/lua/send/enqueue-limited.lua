#!lua
-- adds messages with limits, tenants or priorities to their lines, or to the schedule, each id once.
-- Returns the number of new messages, and the limit for which the message was refused, or nothing.
local keys = {
  seen = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local seconds, due_from, due_ms, refuses = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queue = {
  name = ARGV[5],
  pending = KEYS[9],
  bell = KEYS[10],
  scheduled = KEYS[11],
  held = KEYS[12],
  ready = KEYS[13],
}
local labels = part(ARGV, 7, 6 + ARGV[6])
local messages = part(ARGV, #labels + 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms. `labels` are limits, each followed by its key in clear. With `refuses`, `1`, the
-- one message is refused when it could not start at once: those that wait in its line count as if they had started.
--
-- A foreign key is found by the first read or write of it, and then the bits are taken back, see `let_in`.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua, and two senders must not both find the last slot.

use_limits(keys)
local due = tonumber(due_ms) + (due_from == 'in' and LIMITS.now or 0)

if refuses == '1' and redis.call('GETBIT', keys.seen, tonumber(string.sub(messages[1], 13, 20), 36) % 4096) == 0 then
  local line = line_of(messages[1])
  local waiting = line and tasks_in(queue, line) + (state_of(queue, mark_of(line)) and 1 or 0)
  for index = 0, #(line or '') / 27 - 1 do
    local limit = limit_at(line, index)
    if room_of(limit) <= waiting then
      return { 0, limit }
    end
  end
end

local added = let_in(keys.seen, seconds, messages, function(fresh)
  if due > LIMITS.now then
    schedule(queue.scheduled, keys.alarm, due, fresh)
  else
    enlist_new(keys, { [queue.name] = queue }, queue, fresh, true)
  end
  note_labels(keys, labels, fresh, #messages)
end)
if type(added) ~= 'number' then
  return wrong_queues({ queue }) or wrong_lines(keys, { queue }) or added
end
return { added, '' }
