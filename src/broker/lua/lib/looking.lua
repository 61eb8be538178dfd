-- Lines, for those who only look: how many tasks lie in them, and which is next.

-- So many lines are counted one by one in one script. Of more, the rest is an estimate.
local LINES_TO_COUNT = 500

-- Something foreign in the place of lines.
local function wrong_places(queues)
  for _, queue in ipairs(queues) do
    local wrong = wrong_type('zset', queue.held, queue.ready)
    if wrong then
      return wrong
    end
  end
end

-- How many tasks lie in a place of a queue, which is a list or, for lines, a sorted set.
local function size_of(queue, place)
  if place == 'held' then
    return redis.call('ZCARD', queue.held)
  end
  return redis.call('LLEN', queue[place])
end

-- What lies there, from one place to another.
local function range_of(queue, place, first, last)
  if place == 'held' then
    return redis.call('ZRANGE', queue.held, first, last)
  end
  return redis.call('LRANGE', queue[place], first, last)
end

-- The line of an entry of `held:<queue>`.
local function line_in(entry)
  return string.sub(entry, 1, (string.find(entry, ' ', 1, true) or 1) - 1)
end

-- How many tasks of a line come before one that lies there, one in the list among them.
local function tasks_ahead(queue, line, entry)
  local is_listed = (tonumber(redis.call('ZSCORE', queue.ready, mark_of(line)) or '') or 0) >= BEHIND
  return tasks_in(queue, line, entry) + (is_listed and 1 or 0)
end

-- Whether a limit keeps the tasks of a line from their start.
local function is_held_back(queue, line)
  local state = tonumber(redis.call('ZSCORE', queue.ready, line) or '')
  return state ~= nil and state >= WAITS and state < TAGS
end

-- Whether a queue waits as a whole for its own limit. A foreign key holds nothing back.
local function waits_as_whole(keys, queue)
  local gate = redis.pcall('HGET', keys.gates, queue.name)
  local found = type(gate) == 'string' and redis.pcall('ZSCORE', keys.waiters, waiting_queue(queue, gate))
  return type(found) == 'string'
end

-- How many lines a limit holds back, or how many may start, and their names, at most so many.
local function lines_of_kind(queue, is_ready, most)
  local number, lines = 0, {}
  local ranges = is_ready and { '-inf', '(' .. text(WAITS), text(BEHIND), '+inf' } or { text(WAITS), '(' .. text(TAGS) }
  for i = 1, #ranges, 2 do
    local from, till = ranges[i], ranges[i + 1]
    number = number + redis.call('ZCOUNT', queue.ready, from, till)
    local found = #lines < most and redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'LIMIT', 0, most - #lines) or {}
    for _, member in ipairs(found) do
      lines[#lines + 1] = string.match(member, '^=?(.*)$')
    end
  end
  return number, lines
end

-- How many tasks of the lines of a queue may start, and how many a limit holds back. There may be very many lines, so those are counted of
-- which there are fewer: mostly all are of one kind, or few.
local function count_lines(queue)
  local all = redis.call('ZCARD', queue.held)
  if all == 0 then
    return 0, 0
  end
  local ready, waiting = lines_of_kind(queue, true, 0), lines_of_kind(queue, false, 0)
  local counts_ready = ready <= waiting
  local few, lines = lines_of_kind(queue, counts_ready, LINES_TO_COUNT)
  local looked, found = #lines, 0
  LINES_TO_COUNT = LINES_TO_COUNT - looked
  for _, line in ipairs(lines) do
    found = found + tasks_in(queue, line)
  end
  if looked < few then
    found = looked > 0 and found * few / looked or all * few / (ready + waiting)
  end
  found = math.min(math.floor(found), all)
  return counts_ready and found or all - found, counts_ready and all - found or found
end

-- When a message came into its queue, in ms; the bytes of others came before all.
local function came_at(message)
  return tonumber(string.sub(message, 26, 34), 36) or 0
end

-- How many tasks of a queue may start, and how many a limit holds back: one of their own, or that of the queue.
local function count_pending(keys, queue)
  local may_start, held_back = count_lines(queue)
  may_start = may_start + redis.call('LLEN', queue.pending)
  if waits_as_whole(keys, queue) then
    return 0, may_start + held_back
  end
  return may_start, held_back
end

-- The task of a queue that waits the longest among those that are next: of its list, of its tenants, and of its other lines. One that a
-- limit holds back is not next.
local function next_of(keys, queue)
  if waits_as_whole(keys, queue) then
    return
  end
  local found = redis.call('LINDEX', queue.pending, 0)
  for _, from in ipairs({ '-inf', '0' }) do
    local till = '(' .. (from == '0' and text(WAITS) or '0')
    local line = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'LIMIT', 0, 1)[1]
    local head = line and entries_of(queue, line)[1]
    local message = head and message_in_line(head)
    if message and (not found or came_at(message) < came_at(found)) then
      found = message
    end
  end
  return found
end
