#!lua
-- moves a dead task with other arguments to the tail of its queue, with new counters.
-- Returns 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was not declared.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  groups = KEYS[4],
  group_times = KEYS[5],
  groups_ended = KEYS[6],
  released = KEYS[7],
  limits = KEYS[8],
  slots = KEYS[9],
  rates = KEYS[10],
  paced = KEYS[11],
  waiters = KEYS[12],
  limit_labels = KEYS[13],
}
local id, died_at, body, sent = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queue = {
  name = ARGV[5],
  pending = KEYS[14],
  bell = KEYS[15],
  dead = KEYS[16],
  records = KEYS[17],
  dead_notes = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
local noting = {}
for i = 1, ARGV[6] do
  noting[i] = { name = ARGV[i + 6], notes = KEYS[i + 20] }
end
local kept = {}
for i = 1, #ARGV - (#noting + 6) do
  kept[i] = { name = ARGV[#noting + i + 6], result = KEYS[#noting + i + 20] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms. `body` takes the place of the body of the message, `sent` are the arguments that it had, as
-- JSON, for the history. Otherwise as redrive.lua.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that arrives
-- late, and the edit: by then the task may have run and died once more.

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end

if tonumber(redis.call('ZSCORE', queue.dead, id) or '') ~= tonumber(died_at) then
  return 0
end
local now = now_ms()
local message = started_anew(id, message_of(redis.call('HGET', queue.records, id) or ''), now)
if not message then
  return -1
end
if result_tag(message) and not kept[1] then
  return -2
end
wrong = wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
local line = '\n{"at":' .. text(now) .. ',"code":"REDRIVEN","sent":' .. sent .. '}'
redrive(keys, queue, { id }, { remembered(with_body(message, body), line) }, by_name(noting), by_name(kept))
return 1
