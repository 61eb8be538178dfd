#!lua flags=allow-oom
-- returns all claims of a session whose lease ran out, uncounted, and deletes the session.
-- Returns the number returned, or -1 if the session was renewed, is gone or has changed.
local keys = {
  sessions = KEYS[1],
  session = KEYS[2],
  pulse = KEYS[3],
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
local session_id, lease_ms = ARGV[1], ARGV[2]
local children = {}
for i = 1, ARGV[3] do
  children[i] = { name = ARGV[i + 3], claims = KEYS[i + 18] }
end
local queues = {}
for i = 1, #ARGV - (#children + 3) do
  queues[i] = {
    name = ARGV[#children + i + 3],
    pending = KEYS[#children + 8 * i + 11],
    quarantined = KEYS[#children + 8 * i + 12],
    bell = KEYS[#children + 8 * i + 13],
    scheduled = KEYS[#children + 8 * i + 14],
    dead = KEYS[#children + 8 * i + 15],
    records = KEYS[#children + 8 * i + 16],
    held = KEYS[#children + 8 * i + 17],
    ready = KEYS[#children + 8 * i + 18],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The lease is that of the supervisor that asks.
--
-- Atomic because the deadline is checked in the same instant in which children lose their registration.

local now = now_ms()
forgive_after_gap(keys.sessions, keys.pulse, now, tonumber(lease_ms))
local deadline = redis.call('ZSCORE', keys.sessions, session_id)
if not deadline or tonumber(deadline) > now then
  return -1
end

local known_children, known_queues = by_name(children), by_name(queues)
for _, field in ipairs(redis.call('HKEYS', keys.session)) do
  if string.sub(field, 1, 1) ~= '@' and not known_children[field] then
    return -1
  end
end

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues) or wrong_lines(keys, queues)
for _, child in ipairs(children) do
  wrong = wrong or wrong_type('hash', child.claims)
end
if wrong then
  return wrong
end
local tasks = {}
for _, child in ipairs(children) do
  local all = redis.call('HGETALL', child.claims)
  for i = 1, #all, 2 do
    local task = held_task(child.claims, all[i], all[i + 1], known_queues)
    if task then
      tasks[#tasks + 1] = task
    else
      bury_stray(keys, known_queues, queues[1], child.claims, all[i], all[i + 1])
    end
  end
end

put_back(keys, tasks)
redis.call('DEL', keys.session)
redis.call('ZREM', keys.sessions, session_id)
return #tasks
