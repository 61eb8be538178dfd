#!lua flags=allow-oom
-- deletes dead tasks.
-- Returns the number deleted.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local queue = { dead = KEYS[6], records = KEYS[7], dead_notes = KEYS[8] }
local deaths = part(ARGV, 1, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms; at most 500.
--
-- Atomic because a dead task without its record could neither run again nor be understood. The time of death guards a
-- copy of this command that arrives late: by then the task may have run and died once more.

local wrong = wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local removed = 0
for i = 1, #deaths, 2 do
  local died_at = redis.call('ZSCORE', queue.dead, deaths[i])
  if died_at and tonumber(died_at) == tonumber(deaths[i + 1]) then
    delete_dead(keys, queue, { deaths[i] })
    removed = removed + 1
  end
end
return removed
