#!lua flags=allow-oom
-- claims as `claim` does, where queues have limits or lines.
-- Returns as that of `claim`, and 1 while there are limits or lines.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  drain = KEYS[3],
  unique = KEYS[4],
  stats = KEYS[5],
  pauses = KEYS[6],
  groups = KEYS[7],
  gates = KEYS[8],
  alarm = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local child, number, limit, limited, acks = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, #ARGV - 5 do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[5 * i + 11],
    quarantined = KEYS[5 * i + 12],
    bell = KEYS[5 * i + 13],
    held = KEYS[5 * i + 14],
    ready = KEYS[5 * i + 15],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `limit` is how many tasks it may get, `limited` how many of them may have limits: those are not claimed ahead, because what a child
-- has claimed and not started holds its slots. All else is as in `claim`.
--
-- Of a queue, the oldest start first, be they in its list or in lines; every second turn is one of the tenants, each of which has one
-- turn after the other. The limit of a queue counts all of them.
--
-- Atomic because a task must be in the queue or in the claims, and a slot must be held by exactly the tasks that have it.

local last, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #acks / 20)
  return lost
end
local claim_number, ids = tonumber(number), ids_in(acks)
if claim_number < tonumber(last) then
  return redis.error_reply('STALE_CLAIM a later claim of this child was answered')
end
local wrong = wrong_type('hash', keys.claims, keys.unique, keys.gates)
  or wrong_type('string', keys.drain)
  or wrong_type('list', keys.alarm)
  or wrong_queues(queues)
  or wrong_lines(keys, queues)
if wrong then
  return wrong
end

-- So many lines are looked at in one script.
local MOST_LOOKS = 40
-- So many tasks of lines are given at once: each takes Redis longer than one of a list.
local MOST_OF_LINES = 32

local acked = 0
if #ids > 0 then
  acked = redis.call('HDEL', keys.claims, unpack(ids))
end
redis.call('HSET', keys.session, child, number)
local stops, stopped = {}, {}
if claim_number == tonumber(last) then
  local all = redis.call('HVALS', keys.claims)
  for _, held in ipairs(all) do
    local _, message = split(held)
    if message and is_of_stopped(keys.groups, stops, message) then
      stopped[#stopped + 1] = string.sub(message, 1, 20)
    end
  end
  return { 1, acked, 0, all, 0, '', table.concat(stopped), 1 }
end
count_stale(keys.stats, #ids - acked)

local open, paused = queues, nil
if redis.call('EXISTS', keys.pauses) == 1 then
  open, paused = without_paused(keys.pauses, queues)
end
local gate_of, has_gates = {}, false
if redis.call('EXISTS', keys.gates) == 1 then
  local names = {}
  for i, queue in ipairs(queues) do
    names[i] = queue.name
  end
  for i, gate in ipairs(redis.call('HMGET', keys.gates, unpack(names))) do
    gate_of[names[i]] = gate or nil
    has_gates = has_gates or gate
  end
end

local known_queues = by_name(queues)
local limits = limits_with(keys, known_queues)
local holds, to_drain, has_zero = redis.call('HLEN', keys.claims), 0, false
local left, left_limited = math.min(tonumber(limit), 1000), math.min(tonumber(limited), tonumber(limit))
local granted, fields, looks, of_lines = {}, {}, 0, 0

local function grant(queue, message)
  local id
  id, message = claimed_as(child, number, #granted, message)
  local gate, is_limited = gate_of[queue.name], false
  if has_tags(message) then
    if tag(message, 's') then
      free_key(keys.unique, message)
    end
    if is_of_stopped(keys.groups, stops, message) then
      stopped[#stopped + 1] = id
    end
    for _, limit in ipairs(line_of(message) and limits_of(message, 'lL') or {}) do
      is_limited = true
      limits.take(limit, 1, keeps_slot(message, limit))
      message = with_letter(message, 'L', limit, 'l')
    end
  end
  if gate then
    limits.take(gate, 1)
    message = string.sub(message, 1, 34) .. 'q' .. gate .. string.sub(message, 35)
  end
  local held = queue.name .. ' ' .. message
  has_zero = has_zero or string.find(held, '\0', 1, true)
  granted[#granted + 1] = held
  fields[#fields + 1] = id
  fields[#fields + 1] = held
  left = left - 1
  if gate or is_limited then
    left_limited = left_limited - 1
  end
end

-- How many tasks of a queue may be given now.
local function most_of(queue)
  local gate = gate_of[queue.name]
  return gate and math.min(limits.room(gate), left, left_limited) or left
end

local function has_work(queue)
  return redis.call('EXISTS', queue.pending, queue.quarantined) > 0
    or redis.call('ZCOUNT', queue.ready, '-inf', '(' .. text(WAITS)) > 0
end

-- A queue whose limit is full waits as a whole.
local function is_shut(queue)
  local gate = gate_of[queue.name]
  if not gate or limits.room(gate) > 0 then
    return false
  end
  if has_work(queue) then
    limits.wait_as_queue(queue, gate)
  end
  return true
end

-- The oldest quarantined task, for a child that holds nothing. One with a full limit waits in its line.
local function take_quarantined(queue)
  while looks < MOST_LOOKS do
    local message = redis.call('LINDEX', queue.quarantined, 0)
    if not message then
      return
    end
    looks = looks + 1
    local entry, line = place_in_line(message)
    local index = entry and limits.blocked_by(limits_of_line(line), entry)
    redis.call('LPOP', queue.quarantined)
    if not index then
      return grant(queue, message)
    end
    limits.add(queue, message)
  end
end

-- Gives the first task of a line, unless a limit of it is full by now.
local function serve(queue, line)
  looks = looks + 1
  local head = limits.first_of(queue, line)
  local message = head and message_in_line(head)
  local is_alone = message and is_quarantined(message)
  local is_given = message and not limits.blocked_by(limits_of_line(line), head)
  if is_given then
    redis.call('ZREM', queue.held, head)
  end
  if is_given and is_alone and (holds > 0 or #granted > 0) then
    -- the next child that holds nothing takes it
    redis.call('LPUSH', queue.quarantined, message)
    is_given = false
  elseif is_given then
    grant(queue, message)
    of_lines = of_lines + 1
    left = is_alone and 0 or left
  end
  limits.left_line(queue, line, is_given)
end

-- Whether a line may give a task now: one with limits is not claimed ahead.
local function may_serve(line)
  return line and of_lines < MOST_OF_LINES and (left_limited > 0 or #line < 27) and line
end

local function first_line(queue, from, till)
  local found = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'WITHSCORES', 'LIMIT', 0, 1)
  return may_serve(found[1]), tonumber(found[2])
end

-- The tasks of the list that came before a time, at most so many.
local function take_plain(queue, before, most)
  local count = most
  if before then
    count = 0
    for _, message in ipairs(redis.call('LRANGE', queue.pending, 0, math.min(most, 32) - 1)) do
      if (tonumber(string.sub(message, 26, 34), 36) or 0) > before then
        break
      end
      count = count + 1
    end
  end
  local messages = count > 0 and redis.call('LPOP', queue.pending, count) or {}
  for _, message in ipairs(messages) do
    grant(queue, message)
  end
  return #messages
end

-- Gives tasks of a queue: in turn one of the next tenant, and the oldest of the rest.
local function take(queue)
  local turn = claim_number
  while looks < MOST_LOOKS do
    local most = most_of(queue)
    if most <= 0 then
      return
    end
    local fair = first_line(queue, '-inf', '(0')
    local aged, since = first_line(queue, 0, '(' .. text(WAITS))
    local is_fair = fair and turn % 2 == 0
    turn = turn + 1
    if not fair and not aged then
      take_plain(queue, nil, most)
      return
    elseif is_fair or take_plain(queue, since, fair and 1 or most) == 0 then
      serve(queue, not is_fair and aged or fair)
    end
  end
end

for _, queue in ipairs(open) do
  if left <= 0 then
    break
  elseif not is_shut(queue) then
    local is_first = #granted == 0 and redis.call('EXISTS', queue.quarantined) == 1
    if is_first and holds == 0 and left_limited > 0 and most_of(queue) > 0 then
      take_quarantined(queue)
      left = #granted == 0 and left or 0
    elseif is_first and holds > 0 and is_drainer(keys.drain, child) then
      to_drain = 1
      break
    end
    take(queue)
    limits.forget_tags(queue)
  end
end

if #fields > 0 then
  redis.call('HSET', keys.claims, unpack(fields))
end
local more, needed = 0, has_gates and 1 or 0
for _, queue in ipairs(open) do
  if has_work(queue) and not is_shut(queue) then
    ring(queue.bell)
    -- of those that may be claimed ahead
    more = not gate_of[queue.name] and redis.call('EXISTS', queue.pending, queue.quarantined) > 0 and 1 or more
  end
end
for _, queue in ipairs(queues) do
  needed = needed == 1 and 1 or redis.call('EXISTS', queue.ready)
end
return {
  0,
  acked,
  to_drain,
  has_zero and granted or table.concat(granted, '\0'),
  more,
  paused or '',
  table.concat(stopped),
  needed,
}
