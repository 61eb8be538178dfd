#!lua
-- adds messages to a batch and to their queue, each id once.
-- Returns the number of new messages, -1 if the group has ended, -2 if there is none.
local keys = {
  seen = KEYS[1],
  alarm = KEYS[2],
  groups = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  released = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local seconds, group, unsealed_ms, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[13],
  bell = KEYS[14],
  scheduled = KEYS[15],
  held = KEYS[16],
  ready = KEYS[17],
}
local labels = part(ARGV, 8, 7 + ARGV[7])
local messages = part(ARGV, #labels + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms. While the group is not sealed, its sender has `unsealed_ms` for the next call.
--
-- Atomic because a member that was added and not counted could end a group too early, and one that was counted and not added would keep
-- it for ever.

local wrong = wrong_groups(keys) or wrong_type('string', keys.seen) or wrong_lines_of(keys, { queue }, messages)
if wrong then
  return wrong
end
local groups = groups_of(keys, {})
local now, its = now_ms(), groups.read(group)
if not its or its.kind ~= 'b' or its.open <= 0 or is_over(its.state) then
  return its and its.kind == 'b' and -1 or -2
end
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
local added = let_in(keys.seen, seconds, messages, function(fresh)
  if due > now then
    schedule(queue.scheduled, keys.alarm, due, fresh)
  else
    enlist_new(keys, by_name({ queue }), queue, fresh)
  end
  note_labels(keys, labels, fresh, #messages)
end)
if type(added) == 'number' then
  its.total, its.open = its.total + added, its.open + added
  groups.write(its)
  redis.call('ZADD', keys.group_times, 'XX', text(now + unsealed_ms), group .. ' unsealed')
end
return added
