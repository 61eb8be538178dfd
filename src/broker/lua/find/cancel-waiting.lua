#!lua flags=allow-oom
-- removes a task that waits and frees its unique key.
-- Returns 1, or 0 if it no longer waits there.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  endings = KEYS[4],
  catalog = KEYS[5],
  groups = KEYS[6],
  group_times = KEYS[7],
  groups_ended = KEYS[8],
  released = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local place, message, passed = ARGV[1], ARGV[2], ARGV[3]
local queue = {
  name = ARGV[4],
  pending = KEYS[16],
  quarantined = KEYS[17],
  bell = KEYS[18],
  scheduled = KEYS[19],
  held = KEYS[20],
  ready = KEYS[21],
}
local answering = {}
for i = 1, #ARGV - 4 do
  answering[i] = { name = ARGV[i + 4], answers = KEYS[i + 21] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `place` is the key of the queue in which it was found, and `passed` how many stood behind it.
--
-- Atomic because a task that a worker has claimed in the meantime must not count as cancelled.

local wrong = wrong_keys(keys) or member_of(message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
local removed = remove(keys, by_name({ queue }), queue, place, message, tonumber(passed))
if removed > 0 then
  remember_cancelled(keys.cancelled, now_ms(), string.sub(message, 1, 20))
  note_ending(keys, queue.name, message, 'cancelled')
  announce(by_name(answering), message)
  leave_group(keys, by_name({ queue }), message, 'cancelled')
end
return removed
