#!lua flags=allow-oom
-- active to pending or suspect, uncounted: takes every claim of a session whose lease ran out, and ends that.
-- Returns how many tasks were put back, or -1 when it is not to be reaped (renewed, gone, or changed).
local sessions, session, pulse, cancelled, unique = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local session_id, lease_ms = ARGV[1], ARGV[2]
local children = {}
for i = 1, ARGV[3] do
  children[i] = { name = ARGV[i + 3], claims = KEYS[i + 5] }
end
local queues = {}
for i = 1, #ARGV - (#children + 3) do
  queues[i] = {
    name = ARGV[#children + i + 3],
    pending = KEYS[#children + 3 * i + 3],
    suspects = KEYS[#children + 3 * i + 4],
    bell = KEYS[#children + 3 * i + 5],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The lease is that of the supervisor that asks.
--
-- Atomic because the deadline is checked in the same instant in which children lose their registration.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
local deadline = redis.call('ZSCORE', sessions, session_id)
if not deadline or tonumber(deadline) > now then
  return -1
end

local known_children, known_queues = by_name(children), by_name(queues)
for _, field in ipairs(redis.call('HKEYS', session)) do
  if string.sub(field, 1, 1) ~= '@' and not known_children[field] then
    return -1
  end
end

local wrong = wrong_type('zset', cancelled) or wrong_type('hash', unique)
for _, child in ipairs(children) do
  wrong = wrong or wrong_type('hash', child.claims)
end
wrong = wrong or wrong_queues(queues)
if wrong then
  return wrong
end
local tasks = {}
for _, child in ipairs(children) do
  for _, held in ipairs(redis.call('HVALS', child.claims)) do
    local task = task_held(held, known_queues)
    if task.err then
      return task
    end
    tasks[#tasks + 1] = task
  end
end

put_back(still_wanted(tasks, cancelled, unique))
for _, child in ipairs(children) do
  redis.call('DEL', child.claims)
end
redis.call('DEL', session)
redis.call('ZREM', sessions, session_id)
return #tasks
