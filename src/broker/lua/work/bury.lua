#!lua flags=allow-oom
-- moves a task to the dead, with the report of its error.
-- Returns 1, or 0 if the child no longer held it.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
}
local child, id, report, line, header = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[8],
  quarantined = KEYS[9],
  bell = KEYS[10],
  scheduled = KEYS[11],
  dead = KEYS[12],
  records = KEYS[13],
}
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
if not end_cancelled(keys, task) then
  if line ~= '' then
    task.message = remembered(counted(task.message, 22, 23), line)
  end
  bury(keys, task, report)
end
return 1
