#!lua flags=allow-oom
-- moves a task to the dead, with the report of its error.
-- Returns 1, or 0 if the child no longer held it.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  notes = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  endings = KEYS[7],
  catalog = KEYS[8],
  groups = KEYS[9],
  group_times = KEYS[10],
  groups_ended = KEYS[11],
  released = KEYS[12],
  limits = KEYS[13],
  slots = KEYS[14],
  rates = KEYS[15],
  paced = KEYS[16],
  waiters = KEYS[17],
  limit_labels = KEYS[18],
}
local child, id, report, line, header = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[19],
  quarantined = KEYS[20],
  bell = KEYS[21],
  scheduled = KEYS[22],
  dead = KEYS[23],
  records = KEYS[24],
  dead_notes = KEYS[25],
  held = KEYS[26],
  ready = KEYS[27],
}
local kept = {}
for i = 1, ARGV[7] do
  kept[i] = { name = ARGV[i + 7], result = KEYS[i + 27] }
end
local answering = {}
for i = 1, #ARGV - (#kept + 7) do
  answering[i] = { name = ARGV[#kept + i + 7], answers = KEYS[#kept + i + 27] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `report` is one line of JSON; `line` goes to the history, '' for none, and then nothing is counted either; `header` has
-- the counters and the time of the message that was claimed (its characters 22 to 34), or ''.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The header guards a copy of this
-- command that arrives late: the task may have been sent again, and the same child may hold it.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or header ~= '' and string.sub(task.message, 22, 34) ~= header then
  return 0
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if not end_cancelled(keys, task) then
  if line ~= '' then
    task.message = remembered(counted(task.message, 22, 23), line)
  end
  task.notes = keys.notes
  task.result = kept[1] and kept[1].result
  bury(keys, task, report, by_name(answering))
end
return 1
