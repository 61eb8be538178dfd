#!lua flags=allow-oom
-- active -> pending: takes every claim of a session whose lease ran out, and ends the session.
--
-- KEYS: 1 sessions, 2 session, 3 pulse, 4 cancelled, 5 unique, claims of each child, then per queue: queue, suspects, bell
-- ARGV: 1 session, 2 lease in ms of the asking supervisor, 3 number of children, children, names of the queues
-- Returns how many tasks were put back, or -1 when the session is not to be reaped (renewed, gone, or changed).
--
-- Atomic because the deadline is checked in the same instant in which children lose their registration.

local now, children = now_ms(), tonumber(ARGV[3])
forgive_after_gap(KEYS[1], KEYS[3], now, tonumber(ARGV[2]))
local deadline = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not deadline or tonumber(deadline) > now then
  return -1
end

local known = {}
for i = 4, 3 + children do
  known[ARGV[i]] = true
end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) ~= '@' and not known[field] then
    return -1
  end
end

local wrong = wrong_type('zset', 4, 4) or wrong_type('hash', 5, 5 + children) or wrong_type('list', 6 + children, #KEYS)
if wrong then
  return wrong
end
local queues = index_queues({ unpack(ARGV, 4 + children) }, 6 + children, 3)
local tasks = {}
for i = 6, 5 + children do
  for _, held in ipairs(redis.call('HVALS', KEYS[i])) do
    local queue, message = split(held)
    if not queues[queue] then
      return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
    end
    tasks[#tasks + 1] = { keys = queues[queue], message = message }
  end
end

put_back(still_wanted(tasks, KEYS[4], KEYS[5]))
for i = 6, 5 + children do
  redis.call('DEL', KEYS[i])
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return #tasks
