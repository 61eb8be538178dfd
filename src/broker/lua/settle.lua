#!lua flags=allow-oom
-- active to pending, suspect, scheduled, dead or done: ends the registration of a child whose process has ended.
-- Returns how many were released, crashed, suspected, dead, timed out.
local session, claims, unique, alarm, cancelled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local child, verdict = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = {
    name = ARGV[i + 2],
    pending = KEYS[6 * i],
    suspects = KEYS[6 * i + 1],
    bell = KEYS[6 * i + 2],
    scheduled = KEYS[6 * i + 3],
    dead = KEYS[6 * i + 4],
    records = KEYS[6 * i + 5],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The verdict is JSON, see Verdict in broker.ts.
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a suspect and runs alone next
--   what ran out of time counts a failure, and runs again after its delay or is dead
--   what was done is acked, what was cancelled ends, what was not started goes back uncounted
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

if redis.call('HEXISTS', session, child) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', claims, unique) or wrong_type('zset', cancelled) or wrong_queues(queues)
if wrong then
  return wrong
end
local judged = cjson.decode(verdict)
local known_queues, held, tasks = by_name(queues), redis.call('HGETALL', claims), {}
for i = 1, #held, 2 do
  local task = task_held(held[i + 1], known_queues)
  if task.err then
    return task
  end
  tasks[held[i]] = task
end

local now = text(now_ms())
local function bury(id, task, report)
  free_key(unique, task.message)
  redis.call('ZADD', task.queue.dead, now, id)
  redis.call('HSET', task.queue.records, id, report .. '\n' .. task.message)
end

for _, id in ipairs(judged.done) do
  if tasks[id] then
    free_key(unique, tasks[id].message)
    tasks[id] = nil
  end
end
for id, task in pairs(tasks) do
  if is_cancelled(cancelled, task.message) then
    free_key(unique, task.message)
    tasks[id] = nil
  end
end

local dead, timed_out = 0, 0
for _, late in ipairs(judged.timedOut) do
  local task = tasks[late.id]
  if task and not is_foreign(task.message) then
    tasks[late.id] = nil
    if late.retryInMs < 0 then
      task.message = remembered(counted(task.message, 22, 23), late.line)
      bury(late.id, task, late.report)
      dead = dead + 1
    else
      try_again(task, unique, alarm, { delay = late.retryInMs, line = late.line, counts = true })
      timed_out = timed_out + 1
    end
  end
end

local blamed, crashed, suspected = {}, 0, 0
for _, id in ipairs(judged.blamed) do
  if tasks[id] and not blamed[id] and not is_foreign(tasks[id].message) then
    blamed[id] = tasks[id]
    suspected = suspected + 1
  end
end
if suspected == 1 then
  crashed, suspected = 1, 0
end
for id, task in pairs(blamed) do
  local crashes
  task.message, crashes = counted(task.message, crashed == 1 and 24 or 25, crashed == 1 and 24 or 25)
  task.message = remembered(task.message, judged.line)
  if crashed == 1 and crashes >= judged.maxCrashes then
    bury(id, task, judged.report)
    tasks[id] = nil
    crashed, dead = 0, dead + 1
  else
    update_key(unique, task.queue.name, task.message)
  end
end

local back, released = {}, 0
for id, task in pairs(tasks) do
  back[#back + 1] = task
  released = released + (blamed[id] and 0 or 1)
end
put_back(back)
redis.call('DEL', claims)
redis.call('HDEL', session, child)
return { released, crashed, suspected, dead, timed_out }
