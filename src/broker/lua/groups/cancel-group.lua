#!lua flags=allow-oom
-- cancels a batch or a flow: no more of its members start.
-- Returns 1, 0 if it has ended, -1 if there is none.
local keys = {
  alarm = KEYS[1],
  broadcasts = KEYS[2],
  groups = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  released = KEYS[6],
}
local group, kept = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 5], bell = KEYS[2 * i + 6] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a group that has ended in the meantime must not count as cancelled.

local wrong = wrong_groups(keys) or wrong_type('stream', keys.broadcasts) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
if not its then
  return -1
end
if its.open <= 0 or is_over(its.state) then
  return 0
end
groups.stop(its, 'cancelled', keys.broadcasts, kept)
return 1
