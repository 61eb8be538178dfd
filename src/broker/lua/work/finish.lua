#!lua flags=allow-oom
-- ends finished tasks of a child that keep their results or are in a group.
-- Returns the number that the child still held.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  stats = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  groups = KEYS[7],
  group_times = KEYS[8],
  groups_ended = KEYS[9],
  released = KEYS[10],
  limits = KEYS[11],
  slots = KEYS[12],
  rates = KEYS[13],
  paced = KEYS[14],
  waiters = KEYS[15],
  limit_labels = KEYS[16],
}
local child = ARGV[1]
local kept = {}
for i = 1, ARGV[2] do
  kept[i] = { name = ARGV[i + 4], result = KEYS[i + 16] }
end
local answering = {}
for i = 1, ARGV[3] do
  answering[i] = { name = ARGV[#kept + i + 4], answers = KEYS[#kept + i + 16] }
end
local queues = {}
for i = 1, ARGV[4] do
  queues[i] = {
    name = ARGV[#kept + #answering + i + 4],
    pending = KEYS[#kept + #answering + 4 * i + 13],
    bell = KEYS[#kept + #answering + 4 * i + 14],
    held = KEYS[#kept + #answering + 4 * i + 15],
    ready = KEYS[#kept + #answering + 4 * i + 16],
  }
end
local results = part(ARGV, #kept + #answering + #queues + 5, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `kept` and `results` stand side by side: the ids of the tasks, with the keys of their results, and what is kept of each, whose first
-- letter says how it ended, see task-result.ts. `queues` are those into which groups may send, and in which
-- tasks wait for limits; none where no task is in a group or has a limit.
--
-- Atomic because only a registered child that still holds a task may end it, and a task must not end without its result, nor without
-- its group.

local HOW = { d = 'done', u = 'done', n = 'done', x = 'dropped', c = 'cancelled' }
local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #kept)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
local ids = {}
for i, task in ipairs(kept) do
  ids[i] = task.name
end
local entries = #ids > 0 and redis.call('HMGET', keys.claims, unpack(ids)) or {}
local messages, its_queue, held, named = {}, {}, {}, {}
for i, entry in ipairs(entries) do
  its_queue[i], messages[i] = split(entry or '')
  -- one that is named twice ends once
  if messages[i] and not named[ids[i]] then
    named[ids[i]] = true
    held[#held + 1] = i
  end
end
-- groups and limits may concern every queue; without them none is given
local any_queues = #queues > 0
local may_limit, any_members = false, false
for _, i in ipairs(any_queues and held or {}) do
  may_limit = may_limit or may_have_limits(messages[i])
  any_members = any_members or member_of(messages[i])
end
if (may_limit or any_members) and not IS_WHOLE then
  return whole_needed()
end
local has_limits = may_limit and limits_among(held, messages)
wrong = any_members and (wrong_groups(keys) or wrong_queues(queues))
  or has_limits and wrong_lines(keys, queues)
if wrong then
  return wrong
end
if #held == 0 then
  return 0
end
local known_answering, known_queues = by_name(answering), by_name(queues)
local keyed = redis.call('EXISTS', keys.unique) == 1
local ended = {}
for place, i in ipairs(held) do
  keep_result(kept[i].result, messages[i], results[i])
  ended[place] = ids[i]
end
redis.call('HDEL', keys.claims, unpack(ended))

local function leave(i)
  local message = messages[i]
  if keyed then
    free_key(keys.unique, message)
  end
  announce(known_answering, message, results[i])
  if any_members then
    leave_group(keys, known_queues, message, HOW[string.sub(results[i], 1, 1)])
  end
end

local function leave_all()
  for _, i in ipairs(held) do
    leave(i)
  end
  if has_limits then
    end_limits_of(has_limits, held, messages, function(i) return known_queues[its_queue[i]] end)
  end
end

if has_limits then
  use_lines(keys, known_queues)
  change_at_once(leave_all)
else
  leave_all()
end
return #held
