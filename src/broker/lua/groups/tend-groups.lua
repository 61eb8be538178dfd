#!lua flags=allow-oom
-- carries out what scripts have left to promoters, ends groups whose time is over, and forgets old ones.
-- Returns the number of things done, the number of orders left.
local keys = {
  alarm = KEYS[1],
  broadcasts = KEYS[2],
  removed = KEYS[3],
  group_index = KEYS[4],
  endings = KEYS[5],
  catalog = KEYS[6],
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
local orders, broadcasts_kept = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 4],
    pending = KEYS[8 * i + 9],
    quarantined = KEYS[8 * i + 10],
    bell = KEYS[8 * i + 11],
    scheduled = KEYS[8 * i + 12],
    dead = KEYS[8 * i + 13],
    records = KEYS[8 * i + 14],
    held = KEYS[8 * i + 15],
    ready = KEYS[8 * i + 16],
  }
end
local kept = {}
for i = 1, ARGV[4] do
  kept[i] = { name = ARGV[#queues + i + 4], result = KEYS[8 * #queues + i + 16] }
end
local answering = {}
for i = 1, #ARGV - (#queues + #kept + 4) do
  answering[i] = { name = ARGV[#queues + #kept + i + 4], answers = KEYS[8 * #queues + #kept + i + 16] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Orders are, one after the other in `released`:
--   `+ <queue> <message>`                     comes to its queue, whose keys the script that released it had not
--   `! <queue> <message>`                     is dead: it waited for something that is lost
--   `> <group> <node> <how> <which> <from>`   more nodes are reached that waited for one
--   `= <group> <from>`                        more nodes of a flow start
--   `x <group> <from>`                        more nodes of a flow that was stopped end
--   `f`, `f <group> <from>`                   more is forgotten of groups that have ended
-- An order needs the keys of its queue and of its result; the caller has looked at the first ones, and looks again where others were
-- faster.
--
-- Atomic because what leaves the list must be in its queue or among the dead, and a time that is over must be over once.

local wrong = wrong_groups(keys) or wrong_queues(queues) or wrong_lines(keys, queues)
if wrong then
  return wrong
end
local known_queues, known_results, known_answering = by_name(queues), by_name(kept), by_name(answering)
local groups, now, tended = groups_of(keys, known_queues), now_ms(), 0

local function bury_waiting(queue, message)
  local id = string.sub(message, 1, 20)
  local name = series_name(keys, message)
  local report = '{"code":"GROUP_FAILED","task":"' .. name .. '","error":"It waited for tasks of which one failed for good, '
    .. 'or was cancelled, dropped or deleted.","host":"","pid":0}'
  redis.call('ZADD', queue.dead, text(now), id)
  redis.call('HSET', queue.records, id, report .. '\n' .. message)
  keep_failure(known_results[id] and known_results[id].result, message, report)
  note_endings(keys, queue.name, name, 'dead', 1)
  announce(known_answering, message)
  leave_group(keys, known_queues, message, 'dead', report)
end

local function forget_old()
  local surplus = redis.call('ZCARD', keys.groups_ended) - MOST_ENDED
  local old = redis.call('ZRANGEBYSCORE', keys.groups_ended, '-inf', text(now - ENDED_KEPT), 'LIMIT', 0, 50)
  if #old == 0 and surplus > 0 then
    old = redis.call('ZRANGE', keys.groups_ended, 0, math.min(surplus, 50) - 1)
  end
  local fields = 0
  for _, id in ipairs(old) do
    if fields < 500 then
      fields = fields + groups.forget(id, 0)
      tended = tended + 1
    end
  end
end

-- Returns whether the script has the keys for the order.
local function carry_out(order)
  local kind, rest = string.sub(order, 1, 1), string.sub(order, 3)
  local first, second = split(rest)
  if kind == '+' or kind == '!' then
    local queue, id = known_queues[first or ''], string.sub(second or '', 1, 20)
    -- of foreign bytes the caller reads something else, and will never have the keys
    local is_ours = string.find(first or '', '^[\33-\126]+$')
    local keeps = kind == '!' and string.find(id, '^%w+$') and result_tag(second)
    if is_ours and second and not queue or queue and keeps and not known_results[id] then
      return false
    end
    redis.call('LPOP', keys.released)
    if queue and kind == '+' then
      enlist_new(keys, known_queues, queue, { second })
    elseif queue then
      bury_waiting(queue, second)
    end
    return true
  end
  redis.call('LPOP', keys.released)
  local its = first and groups.read(first)
  if kind == '>' and its then
    local number, how, which, from = string.match(second, '^(%d+) (%l+) (%l+) (%d+)$')
    if number then
      groups.reach_all(its, tonumber(number), how, which, tonumber(from))
    end
  elseif kind == '=' and its and not is_over(its.state) then
    groups.start(its, tonumber(second))
  elseif kind == 'x' and its then
    local asking = {}
    for _, entry in ipairs(groups.end_waiting(its, tonumber(second))) do
      local queue, message = split(entry)
      note_ending(keys, queue, message, 'cancelled')
      if result_tag(message) then
        asking[#asking + 1] = text(now)
        asking[#asking + 1] = string.sub(message, 1, 20)
      end
    end
    remember_removed(keys.removed, now, asking)
  elseif kind == 'f' and first then
    groups.forget(first, tonumber(second))
  end
  return true
end

local function end_time(entry)
  local id, what = split(entry)
  local its = what and groups.read(id)
  if its and its.open > 0 and not is_over(its.state) then
    if what == 'deadline' then
      groups.stop(its, 'expired', keys.broadcasts, broadcasts_kept)
    elseif what == 'unsealed' and its.kind == 'f' then
      groups.stop(its, 'abandoned', keys.broadcasts, broadcasts_kept)
    elseif what == 'unsealed' then
      groups.seal(its, true)
    end
  end
  -- also one of others
  redis.call('ZREM', keys.group_times, entry)
end

local left = tonumber(orders)
while left > 0 do
  local order = redis.call('LINDEX', keys.released, 0)
  if not order or not carry_out(order) then
    break
  end
  -- a walk takes as long as many tasks that come to their queues
  left = left - (string.find(order, '^[+!]') and 1 or 25)
  tended = tended + 1
end
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keys.group_times, '-inf', text(now), 'LIMIT', 0, 20)) do
  end_time(entry)
  tended = tended + 1
end
forget_old()
return { tended, redis.call('LLEN', keys.released) }
