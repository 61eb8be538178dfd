#!lua flags=allow-oom
-- active -> pending, suspect, scheduled, dead or done: ends the registration of a child whose process has ended.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 alarm, 5 cancelled, then per queue: queue, suspects, bell, scheduled, dead, dead records
-- ARGV: 1 child, 2 verdict (JSON, see Verdict in broker.ts), 3.. names of the queues
-- Returns { released, crashed, suspected, dead, timed out }
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a suspect and runs alone next
--   what ran out of time counts a failure, and runs again after its delay or is dead
--   what was done is acked, what was cancelled ends, what was not started goes back uncounted
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('zset', 5, 5)
for key = 6, #KEYS, 6 do
  wrong = wrong or wrong_type('list', key, key + 2) or wrong_type('zset', key + 3, key + 4) or wrong_type('hash', key + 5, key + 5)
end
if wrong then
  return wrong
end
local verdict = cjson.decode(ARGV[2])
local queues = index_queues({ unpack(ARGV, 3) }, 6, 6)
local held, tasks = redis.call('HGETALL', KEYS[2]), {}
for i = 1, #held, 2 do
  local queue, message = split(held[i + 1])
  if not queues[queue] then
    return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
  end
  tasks[held[i]] = { id = held[i], queue = queue, keys = queues[queue], message = message }
end

local now = text(now_ms())
local function bury(task, report)
  free_key(KEYS[3], task.message)
  redis.call('ZADD', task.keys.dead, now, task.id)
  redis.call('HSET', task.keys.records, task.id, report .. '\n' .. task.message)
end

for _, id in ipairs(verdict.done) do
  if tasks[id] then
    free_key(KEYS[3], tasks[id].message)
    tasks[id] = nil
  end
end
for id, task in pairs(tasks) do
  if is_cancelled(KEYS[5], task.message) then
    free_key(KEYS[3], task.message)
    tasks[id] = nil
  end
end

local dead, timed_out = 0, 0
for _, late in ipairs(verdict.timedOut) do
  local task = tasks[late.id]
  if task and not is_foreign(task.message) then
    tasks[late.id] = nil
    if late.retryInMs < 0 then
      task.message = remembered(counted(task.message, 22, 23), late.line)
      bury(task, late.report)
      dead = dead + 1
    else
      try_again(task, KEYS[3], KEYS[4], { delay = late.retryInMs, line = late.line, counts = true })
      timed_out = timed_out + 1
    end
  end
end

local blamed, crashed, suspected = {}, 0, 0
for _, id in ipairs(verdict.blamed) do
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
  task.message = remembered(task.message, verdict.line)
  if crashed == 1 and crashes >= verdict.maxCrashes then
    bury(task, verdict.report)
    tasks[id] = nil
    crashed, dead = 0, dead + 1
  else
    update_key(KEYS[3], task.queue, task.message)
  end
end

local back, released = {}, 0
for id, task in pairs(tasks) do
  back[#back + 1] = task
  released = released + (blamed[id] and 0 or 1)
end
put_back(back)
redis.call('DEL', KEYS[2])
redis.call('HDEL', KEYS[1], ARGV[1])
return { released, crashed, suspected, dead, timed_out }
