#!lua flags=allow-oom
-- ends the time in which a batch is filled.
-- Returns 1, or 0 if it was over.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local group, abandoned = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 4], bell = KEYS[2 * i + 5] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `abandoned` is 1 where its sender gives up.
--
-- Atomic because the last member may end at the same time: one of both must find nothing left.

local wrong = wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
return its and groups.seal(its, abandoned == '1') and 1 or 0
