#!lua flags=allow-oom
-- active -> pending, suspect or dead: ends the registration of a child whose process has ended.
--
-- KEYS: 1 session, 2 claims, then per queue: queue, suspects, bell, dead, dead records
-- ARGV: 1 child, 2 crashes after which a task is dead, 3 report for those (one line of JSON), 4 number of queues,
--       names of the queues, number of tasks to blame, their ids, ids of tasks that are done
-- Returns { released, crashed, suspected, dead }
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a suspect and runs alone next
--   what was done is acked, what was not started goes back uncounted
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
for key = 3, #KEYS, 5 do
  local wrong = wrong_type('list', key, key + 2) or wrong_type('zset', key + 3, key + 3) or wrong_type('hash', key + 4, key + 4)
  if wrong then
    return wrong
  end
end
local count = tonumber(ARGV[4])
local queues = index_queues({ unpack(ARGV, 5, 4 + count) }, 3, 5)
local blamed, done, suspects = {}, {}, 0
local to_blame = 5 + count + tonumber(ARGV[5 + count])
for i = to_blame + 1, #ARGV do
  done[ARGV[i]] = true
end
for i = 6 + count, to_blame do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held and not blamed[ARGV[i]] and not done[ARGV[i]] and not is_foreign(select(2, split(held))) then
    blamed[ARGV[i]] = true
    suspects = suspects + 1
  end
end

-- counters are base 36 digits, see the header layout in task-message.ts
local function counted(message, at)
  local digit = tonumber(string.sub(message, at, at), 36) or 0
  local digits = '0123456789abcdefghijklmnopqrstuvwxyz'
  local next = math.min(digit + 1, 35)
  return string.sub(message, 1, at - 1) .. string.sub(digits, next + 1, next + 1) .. string.sub(message, at + 1), next
end

local back, dead = {}, {}
local released, crashed, suspected = 0, 0, 0
local held = redis.call('HGETALL', KEYS[2])
for i = 1, #held, 2 do
  local queue, message = split(held[i + 1])
  local keys, crashes = queues[queue], 0
  if not keys then
    return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
  end
  if done[held[i]] then
    keys = nil
  elseif not blamed[held[i]] then
    released = released + 1
  elseif suspects == 1 then
    message, crashes = counted(message, 24)
    crashed = crashed + 1
  else
    message = counted(message, 25)
    suspected = suspected + 1
  end
  if keys then
    local list = crashes >= tonumber(ARGV[2]) and dead or back
    list[#list + 1] = { id = held[i], keys = keys, message = message }
  end
end

local now = text(now_ms())
for _, task in ipairs(dead) do
  redis.call('ZADD', task.keys.dead, now, task.id)
  redis.call('HSET', task.keys.records, task.id, ARGV[3] .. '\n' .. task.message)
end
put_back(back)
redis.call('DEL', KEYS[2])
redis.call('HDEL', KEYS[1], ARGV[1])
return { released, crashed - #dead, suspected, #dead }
