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
-- what has left a list when a foreign key is met would be nowhere
local wrong = wrong_type('hash', keys.claims, keys.unique, keys.gates)
  or wrong_type('string', keys.drain)
  or wrong_queues(queues)
  or wrong_lines(keys, queues)
if wrong then
  return wrong
end
-- So many lines are looked at in one script.
local MOST_LOOKS = 40
-- So many tasks of lines are given at once: each takes Redis longer than one of a list.
local MOST_OF_LINES = 32
-- So many lines, or tasks of a line, are read at once.
local AT_ONCE = 9

local acked = 0
if #ids > 0 then
  acked = redis.call('HDEL', keys.claims, unpack(ids))
end
redis.call('HSET', keys.session, child, number)
if claim_number == tonumber(last) then
  local all, stopped = all_held(keys.claims, keys.groups)
  return { 1, acked, 0, all, 0, '', stopped, 1 }
end
count_stale(keys.stats, #ids - acked)

local open, paused = queues, nil
if redis.call('EXISTS', keys.pauses) == 1 then
  open, paused = without_paused(keys.pauses, queues)
end
local gate_of, has_gates = {}, false
use_lines(keys, by_name(queues))
local holds, to_drain, has_zero = redis.call('HLEN', keys.claims), 0, false
local left, left_limited = math.min(tonumber(limit), 1000), tonumber(limited)
local granted, fields, looks, of_lines = {}, {}, 0, 0
local stops, stopped = {}, {}

-- Gives a task to the child. `line` is that in which it waited, `keeps` whether it keeps a slot.
local function grant(queue, message, line, keeps)
  local id
  id, message = claimed_as(child, number, #granted, message)
  -- foreign bytes have no tags and no place for one, and end at once
  local is_ours = not is_foreign(message)
  local gate = is_ours and gate_of[queue.name]
  local is_limited = is_ours and line and #line > 26
  if has_more_tags(message) then
    heed_tags(keys.unique, keys.groups, stops, stopped, id, message)
  end
  for index = 0, is_limited and #line / 27 - 1 or -1 do
    local its = limit_at(line, index)
    take_slot(its, keeps and keeps_slot(message, its))
    message = keeps and with_letter(message, 'L', its, 'l') or message
  end
  if gate then
    take_slot(gate)
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
  return gate and math.min(room_of(gate), left, left_limited) or left
end

-- Whether a line may give a task now: one with limits is not claimed ahead.
local function may_serve(line)
  return of_lines < MOST_OF_LINES and (left_limited > 0 or #line < 27)
end

-- The lines of a queue that may start, from one state to another, one after the other.
local function source(queue, from, till)
  local its, found, at, is_all = { bound = math.huge }, {}, 1, false
  function its.first()
    local line = found[at]
    if not line and not is_all or line and state_of(queue, line) > its.bound then
      found, at, its.bound = ready_lines(queue, from, till, AT_ONCE), 1, math.huge
      is_all = #found < AT_ONCE
      local named = {}
      for _, one in ipairs(found) do
        for index = 0, #one / 27 - 1 do
          named[#named + 1] = limit_at(one, index)
        end
      end
      read_lines(queue, found)
      read_limits(named)
      line = found[1]
    end
    return line and may_serve(line) and line
  end
  function its.pass()
    at = at + 1
  end
  -- A line has become ready, or has another state: those behind it are read anew.
  function its.meet(state)
    its.bound = math.min(its.bound, state)
    is_all = false
  end
  return its
end

-- The lines of tenants, and the others.
local function sources(queue)
  local tenants, aged = source(queue, '-inf', '(0'), source(queue, 0, '(' .. text(WAITS))
  function LINES.on_ready(other, state)
    if other == queue and state < 0 then
      tenants.meet(state)
    elseif other == queue then
      aged.meet(state)
    end
  end
  return tenants, aged
end

local function has_work(queue)
  return redis.call('EXISTS', queue.pending, queue.quarantined) > 0
    or queue.has_lines ~= false and #ready_lines(queue, '-inf', '(' .. text(WAITS), 1) > 0
end

-- A queue whose limit is full waits as a whole.
local function is_shut(queue)
  local gate = gate_of[queue.name]
  if not gate or room_of(gate) > 0 then
    return false
  end
  if has_work(queue) then
    wait_as_queue(queue, gate)
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
    local entry, line, keeps = place_in_line(message)
    local index = entry and blocked_by(line, entry)
    redis.call('LPOP', queue.quarantined)
    if not index then
      return grant(queue, message, line, keeps)
    end
    add_to_lines(queue, { entry }, { line }, { keeps })
  end
end

-- The first two tasks of a line. Of one that is served again and again, more are read at once.
local heads = {}
local function first_two(queue, line)
  local known = heads[line]
  if not known or known.queue ~= queue or not known[known.at + 1] and not known.is_all then
    local count = known and AT_ONCE or 2
    known = first_in_line(queue, line, count)
    if not known[2] then
      heads[line] = nil
      return known[1]
    end
    known.queue, known.at, known.is_all = queue, 1, #known < count
    heads[line] = known
  end
  known.at = known.at + 1
  return known[known.at - 1], known[known.at]
end

-- Gives the first task of a line, unless a limit of it is full by now.
local function serve(queue, line)
  looks = looks + 1
  local head, next = first_two(queue, line)
  if not head or blocked_by(line, head) then
    heads[line] = nil
    return go_on(queue, line, head, false)
  end
  local message = message_in_line(head)
  local is_alone = is_quarantined(message)
  take_out(queue, head)
  if is_alone and (holds > 0 or #granted > 0) then
    -- the next child that holds nothing takes it
    redis.call('LPUSH', queue.quarantined, message)
    return go_on(queue, line, next, false)
  end
  grant(queue, message, line, string.sub(head, #line + 2, #line + 14) == FIRST)
  of_lines = of_lines + 1
  left = is_alone and 0 or left
  go_on(queue, line, next, true)
end

-- So many tasks of a list are read at once.
local MOST_OF_LIST = 32

-- The lines of messages of a list, by their numbers. What is to be known of the first of them and their limits is read at once.
local function lines_in_list(queue, messages)
  local line_at, lines, named = {}, {}, {}
  for i, message in ipairs(messages) do
    local line = may_have_limits(message) and line_of(message)
    line_at[i] = line
    if line and #lines < left_limited then
      lines[#lines + 1] = line
      for index = 0, #line / 27 - 1 do
        named[#named + 1] = limit_at(line, index)
      end
    end
  end
  if #lines > 0 then
    read_lines(queue, lines)
    read_limits(named)
  end
  return line_at
end

-- Gives a task with a line that lies in the list. One that a limit keeps from its start, or others of its line, goes into its line. Returns
-- whether it did either: a child without a slot leaves it where it is.
local function give_listed(queue, message, line)
  if looks == MOST_LOOKS then
    return false
  elseif state_of(queue, line) or blocked_by(line) then
    local entry, _, keeps = place_in_line(message)
    put_state(queue, mark_of(line), false)
    queue.has_lines = true
    add_to_lines(queue, { entry }, { line }, { keeps })
  elseif left_limited > 0 then
    grant(queue, message, line)
    unlist(queue, line)
  else
    return false
  end
  looks = looks + 1
  return true
end

-- Takes the oldest tasks out of the list, at most so many, and none that came later than `before`. When one came whose sender has a clock
-- that is ahead, nobody knows: it comes first in half of the claims, or all behind it would wait for its time. Returns how many it took, and
-- whether the next came later.
local function take_from_list(queue, before, most)
  local messages = redis.call('LRANGE', queue.pending, 0, math.min(most, MOST_OF_LIST) - 1)
  local line_at, count, is_later = lines_in_list(queue, messages), 0, false
  local latest = claim_number % 4 > 1 and LIMITS.now or math.huge
  for i, message in ipairs(messages) do
    local came, line = before and (tonumber(string.sub(message, 26, 34), 36) or 0), line_at[i]
    is_later = came and came > before and came <= latest
    if is_later or line and not give_listed(queue, message, line) then
      break
    elseif not line then
      grant(queue, message)
    end
    count = i
  end
  if count > 0 then
    redis.call('LPOP', queue.pending, count)
  end
  return count, is_later
end

-- Marks of a list that is empty are of no task: others have taken it away, and its line would wait for ever.
local function drop_marks(queue)
  local marks = redis.call('EXISTS', queue.pending) == 0 and ready_lines(queue, text(LISTED), '+inf', AT_ONCE) or {}
  for _, mark in ipairs(marks) do
    unlist(queue, string.sub(mark, 2))
  end
  looks = looks + #marks
  return #marks > 0
end

-- Gives tasks of a queue: in turn one of the next tenant, and the oldest of the rest. Mostly all lie in the list, and no line is looked at.
local function take(queue)
  local turn, in_list, is_fair = claim_number, redis.call('EXISTS', queue.pending) == 1, false
  local tenants, aged
  queue.has_lines = redis.call('EXISTS', queue.held) == 1
  while looks < MOST_LOOKS do
    local most = most_of(queue)
    if most <= 0 then
      break
    end
    if queue.has_lines and not aged then
      tenants, aged = sources(queue)
    end
    local fair, oldest = aged and tenants.first(), aged and aged.first()
    local is_turn = fair and (turn % 2 == 0 or not oldest and not in_list)
    turn = turn + 1
    local count, is_later = 0, false
    if not is_turn and in_list then
      count, is_later = take_from_list(queue, oldest and state_of(queue, oldest), fair and 1 or most)
      in_list = count > 0 or is_later
    end
    if is_turn then
      is_fair = true
      tenants.pass()
      serve(queue, fair)
    elseif count == 0 and oldest then
      aged.pass()
      serve(queue, oldest)
    elseif count == 0 and not fair and not drop_marks(queue) then
      break
    end
  end
  LINES.on_ready = nil
  if is_fair then
    forget_tags(queue)
  end
end

local function read_gates()
  if redis.call('EXISTS', keys.gates) == 1 then
    for i, gate in ipairs(fields_of(keys.gates, queues)) do
      -- others may have written something else there
      if gate and #gate == 27 then
        gate_of[queues[i].name], has_gates = gate, true
      end
    end
  end
end

local function take_all()
  read_gates()
  for _, queue in ipairs(open) do
    if left <= 0 then
      break
    elseif not is_shut(queue) then
      local is_first = #granted == 0 and redis.call('EXISTS', queue.quarantined) == 1
      if is_first and holds == 0 and left_limited > 0 then
        take_quarantined(queue)
        left = #granted == 0 and left or 0
      elseif is_first and holds > 0 and is_drainer(keys.drain, child) then
        to_drain = 1
        break
      end
      take(queue)
    end
  end
  -- what they were taken out of is written behind this
  if #fields > 0 then
    redis.call('HSET', keys.claims, unpack(fields))
  end
end

change_at_once(take_all)

-- Whether the next task of a queue may be claimed ahead.
local function is_plain_next(queue)
  local next = redis.call('LINDEX', queue.pending, 0)
  if next then
    return not (may_have_limits(next) and line_of(next))
  end
  return redis.call('EXISTS', queue.quarantined) == 1
end

local more, needed = 0, has_gates and 1 or 0
for _, queue in ipairs(open) do
  if has_work(queue) and not is_shut(queue) then
    ring(queue.bell)
    more = not gate_of[queue.name] and is_plain_next(queue) and 1 or more
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
