#!lua flags=allow-oom
-- ends all claims of a child that has exited, and its registration.
-- Returns the numbers released, crashed, quarantined, dead, timed out.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, child_exit = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[9 * i + 9],
    quarantined = KEYS[9 * i + 10],
    bell = KEYS[9 * i + 11],
    scheduled = KEYS[9 * i + 12],
    dead = KEYS[9 * i + 13],
    records = KEYS[9 * i + 14],
    dead_notes = KEYS[9 * i + 15],
    held = KEYS[9 * i + 16],
    ready = KEYS[9 * i + 17],
  }
end
local noting = {}
for i = 1, ARGV[4] do
  noting[i] = { name = ARGV[#queues + i + 5], notes = KEYS[9 * #queues + i + 17] }
end
local kept = {}
for i = 1, ARGV[5] do
  kept[i] = { name = ARGV[#queues + #noting + i + 5], result = KEYS[9 * #queues + #noting + i + 17] }
end
local answering = {}
for i = 1, #ARGV - (#queues + #noting + #kept + 5) do
  answering[i] = {
    name = ARGV[#queues + #noting + #kept + i + 5],
    answers = KEYS[9 * #queues + #noting + #kept + i + 17],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- How the child ended is JSON, see ChildExit in broker.ts.
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a quarantined task and runs alone next
--   what ran out of time counts a failure, and runs again after its delay or is dead
--   what was done is acked, what was cancelled ends, what was not started goes back uncounted
--   a task that ran out of time and is dropped is among the done
--   one that was done and keeps its result counts a crash, and runs again or is dead: its result is lost with the process
-- `noting` and `kept` are the tasks that may die of it or are dropped, with the keys for their notes and results.
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues) or wrong_lines(keys, queues)
if wrong then
  return wrong
end
local judged, known_queues, tasks = cjson.decode(child_exit), by_name(queues), {}
local known_notes, known_results, known_answering = by_name(noting), by_name(kept), by_name(answering)
local function held_of(id)
  local held = redis.call('HGET', keys.claims, id)
  return held and held_task(keys.claims, id, held, known_queues)
end

local function result_of(id)
  return known_results[id] and known_results[id].result
end

local is_dropped, ended, dropped, done, unkept = {}, {}, {}, {}, {}
for _, id in ipairs(judged.dropped or {}) do
  local task = held_of(id)
  is_dropped[id] = true
  if task then
    note_ending(keys, task.queue.name, task.message, 'timedOut')
    note_ending(keys, task.queue.name, task.message, 'dropped')
    keep_result(result_of(id), task.message, 'x{"error":"It ran beyond its hard timeout."}')
    dropped[#dropped + 1] = task
  end
end
for _, id in ipairs(judged.done) do
  local task = not is_dropped[id] and held_of(id)
  if task and result_tag(task.message) then
    unkept[#unkept + 1] = id
  else
    ended[#ended + 1] = id
    done[#done + 1] = task or nil
  end
end
finish(keys, ended)
for _, task in ipairs(dropped) do
  announce(known_answering, task.message)
  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)
  leave_group(keys, known_queues, task.message, 'dropped')
end
for _, task in ipairs(done) do
  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)
  leave_group(keys, known_queues, task.message, 'done')
end
local all = redis.call('HGETALL', keys.claims)
for i = 1, #all, 2 do
  local task = held_task(keys.claims, all[i], all[i + 1], known_queues)
  if not task then
    bury_stray(keys, known_queues, queues[1], keys.claims, all[i], all[i + 1])
  elseif not end_cancelled(keys, task) then
    task.notes = known_notes[task.id] and known_notes[task.id].notes
    task.result = result_of(task.id)
    tasks[task.id] = task
  end
end

local dead, timed_out = 0, 0
for _, late in ipairs(judged.timedOut) do
  local task = tasks[late.id]
  if task and not is_foreign(task.message) then
    tasks[late.id] = nil
    note_ending(keys, task.queue.name, task.message, 'timedOut')
    note_ending(keys, task.queue.name, task.message, late.retryInMs < 0 and 'dead' or 'retried')
    if late.retryInMs < 0 then
      task.message = remembered(counted(task.message, 22, 23), late.line)
      bury(keys, task, late.report, known_answering)
      dead = dead + 1
    else
      try_again(keys, task, { delay = late.retryInMs, line = late.line, counts = true })
      timed_out = timed_out + 1
    end
  end
end

local blamed, crashed, quarantined = {}, 0, 0
for _, id in ipairs(judged.blamed) do
  if tasks[id] and not blamed[id] and not is_foreign(tasks[id].message) then
    blamed[id] = tasks[id]
    quarantined = quarantined + 1
  end
end
if quarantined == 1 then
  crashed, quarantined = 1, 0
end
-- A task that crashes too often is dead. Returns whether it is.
local function crash(task)
  local crashes
  task.message, crashes = counted(task.message, 24, 24)
  task.message = remembered(task.message, judged.line)
  note_ending(keys, task.queue.name, task.message, 'crashed')
  if crashes < judged.maxCrashes then
    return false
  end
  note_ending(keys, task.queue.name, task.message, 'dead')
  bury(keys, task, judged.report, known_answering)
  tasks[task.id] = nil
  dead = dead + 1
  return true
end

for _, task in pairs(blamed) do
  if crashed == 0 then
    task.message = remembered(counted(task.message, 25, 25), judged.line)
  elseif crash(task) then
    crashed = 0
  end
end
-- what they returned is lost with the process, so they run again; each counts a crash, lest one that ends its process after its
-- return does so for ever
for _, id in ipairs(unkept) do
  local task = tasks[id]
  if task and not blamed[id] then
    crash(task)
  end
end

local back, released = {}, 0
for id, task in pairs(tasks) do
  back[#back + 1] = task
  released = released + (blamed[id] and 0 or 1)
end
put_back(keys, back)
redis.call('HDEL', keys.session, child)
return { released, crashed, quarantined, dead, timed_out }
