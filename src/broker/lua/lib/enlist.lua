-- Every push of a task to where it can be claimed. `queues` are those whose keys the script has, by name.

local function push(list, messages, at_head)
  if #messages > 0 and at_head then
    redis.call('LPUSH', list, unpack(messages))
  elseif #messages > 0 then
    redis.call('RPUSH', list, unpack(messages))
  end
end

-- Tasks without a line, that were never claimed, come to the tail.
local function append(queue, messages)
  redis.call('RPUSH', queue.pending, unpack(messages))
  ring(queue.bell)
end

-- A clock that is ahead must not put a task last.
local function not_ahead(keys, queue, message, now)
  if (tonumber(string.sub(message, 26, 34), 36) or 0) <= now then
    return message
  end
  message = string.sub(message, 1, 25) .. base36(now, 9) .. string.sub(message, 35)
  if keys.unique then
    update_key(keys.unique, queue.name, message)
  end
  return message
end

-- Puts tasks where they wait; those with numbers in `line_at` have these lines. Returns whether one of them may start.
local function place_lined(queue, messages, line_at, at_head, is_new)
  local plain, entries, lines, kept, distinct = {}, {}, {}, {}, {}
  for _, line in pairs(line_at) do
    distinct[#distinct + 1] = line
  end
  read_lines(queue, distinct)
  for i, message in ipairs(messages) do
    local line, order, keeps = line_at[i], nil, false
    if line then
      line, order, keeps = line_of(message)
    end
    if not line then
      plain[#plain + 1] = message
    elseif is_new and not order and not keeps and may_list(queue, line, turn_of(message)) then
      put_state(queue, mark_of(line), LISTED + turn_of(message))
      plain[#plain + 1] = message
    else
      local at = #entries + 1
      entries[at], lines[at], kept[at] = entry_in_line(message, line, order, keeps), line, keeps
    end
  end
  local may_start = #entries > 0 and add_to_lines(queue, entries, lines, kept)
  -- marks are written behind this: without the task they would keep its line from starting
  push(queue.pending, plain, at_head)
  return may_start or #plain > 0
end

-- Tasks come to the list or into their lines. Returns whether one of them may start. The time of a task that was never in its queue is that
-- of its sender; one that comes back has a time of Redis, and other scripts know it by its message.
local function line_up(keys, queues, queue, messages, at_head, is_new)
  local line_at
  for i, message in ipairs(messages) do
    local line = may_have_limits(message) and line_of(message)
    if line then
      line_at = line_at or {}
      line_at[i] = line
    end
  end
  if not line_at then
    push(queue.pending, messages, at_head)
    return #messages > 0
  end
  use_lines(keys, queues)
  for i in pairs(is_new and line_at or {}) do
    messages[i] = not_ahead(keys, queue, messages[i], LIMITS.now)
  end
  return change_at_once(place_lined, queue, messages, line_at, at_head, is_new)
end

-- Tasks that were never claimed come to the tail, or into their lines.
local function enlist_new(keys, queues, queue, messages)
  if line_up(keys, queues, queue, messages, false, true) then
    ring(queue.bell)
  end
end

-- Tasks come back, to the tail or to the head, or into their lines. One that a process died with waits to run alone.
local function enlist(keys, queues, queue, messages, at_head, is_new)
  local others, quarantined = {}, {}
  for _, message in ipairs(messages) do
    local list = is_quarantined(message) and quarantined or others
    list[#list + 1] = message
  end
  local may_start = line_up(keys, queues, queue, others, at_head, is_new)
  push(queue.quarantined, quarantined, at_head)
  if may_start or #quarantined > 0 then
    ring(queue.bell)
  end
end
