#!lua flags=allow-oom
-- moves dead tasks to the tail of their queue, with new counters.
-- Returns for each task 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was
-- not declared.
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
local queue = {
  name = ARGV[1],
  pending = KEYS[14],
  bell = KEYS[15],
  dead = KEYS[16],
  records = KEYS[17],
  dead_notes = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
local noting = {}
for i = 1, ARGV[2] do
  noting[i] = { name = ARGV[i + 3], notes = KEYS[i + 20] }
end
local kept = {}
for i = 1, ARGV[3] do
  kept[i] = { name = ARGV[#noting + i + 3], result = KEYS[#noting + i + 20] }
end
local deaths = part(ARGV, #noting + #kept + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms; at most 500. The tasks come to the tail of their queue, as if they had just been
-- sent, and stay dead where the header cannot be reset, or where one keeps a result whose key is not among `kept`. The
-- history stays and gets a line. A unique task runs without its key if that is taken. A task that was cancelled and died
-- may run again.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that
-- arrives late: by then the task may have run and died once more. With allow-oom: a pending task takes less than a dead one.

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end

local now = now_ms()
local line = '\n{"at":' .. text(now) .. ',"code":"REDRIVEN"}'
local answers, ids, messages, named, known_results = {}, {}, {}, {}, by_name(kept)

for i = 1, #deaths, 2 do
  local id, answer = deaths[i], 0
  local died_at = redis.call('ZSCORE', queue.dead, id)
  if died_at and tonumber(died_at) == tonumber(deaths[i + 1]) and not named[id] then
    named[id] = true
    local record = redis.call('HGET', queue.records, id) or ''
    local message = started_anew(id, message_of(record), now)
    answer = not message and -1 or result_tag(message) and not known_results[id] and -2 or 1
    if answer == 1 then
      ids[#ids + 1] = id
      messages[#messages + 1] = remembered(message, line)
    end
  end
  answers[#answers + 1] = answer
end

wrong = wrong_lines_of(keys, { queue }, messages)
if wrong then
  return wrong
end
if #ids > 0 then
  redrive(keys, queue, ids, messages, by_name(noting), known_results)
end
return answers
