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

local function at_time(message, now)
  return string.sub(message, 1, 25) .. base36(now, 9) .. string.sub(message, 35)
end

-- A task has another time. Its unique key, if it has one, knows it by its message.
local function come_now(keys, queue, message, now)
  message = at_time(message, now)
  if keys.unique then
    update_key(keys.unique, queue.name, message)
  end
  return message
end

-- A clock that is ahead must not put a task last.
local function not_ahead(keys, queue, message, now)
  return turn_of(message) > now and come_now(keys, queue, message, now) or message
end

-- Tasks come to the list or into their lines. Returns whether one of them may start. The time of a task that was never in its queue is that
-- of its sender; one that comes back has a time of Redis, and other scripts know it by its message. `is_sent`: it comes from its sender right
-- now, so that in a line the clock of Redis counts.
local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
  local plain, entries, lines, kept, marks = messages, nil, nil, nil, nil
  for i, message in ipairs(messages) do
    local line, order, keeps
    if may_have_limits(message) then
      line, order, keeps = line_of(message)
    end
    if line and plain == messages then
      plain, marks = i > 1 and part(messages, 1, i - 1) or {}, {}
      use_limits(keys)
    end
    local came = line and is_new and turn_of(message)
    if came and (came > LIMITS.now or is_sent and came < LIMITS.now - FRESH) then
      message, came = come_now(keys, queue, message, LIMITS.now), LIMITS.now
    end
    if line and not (came and not order and not keeps and may_list(queue, line, came, marks)) then
      message = is_sent and at_time(message, LIMITS.now) or message
      entries, lines, kept = entries or {}, lines or {}, kept or {}
      local at = #entries + 1
      entries[at], lines[at], kept[at] = entry_in_line(message, line, order, keeps), line, keeps
    elseif plain ~= messages then
      plain[#plain + 1] = message
    end
  end
  local may_start = #plain > 0
  if entries then
    -- a foreign list is found before anything is in its line
    redis.call('LLEN', queue.pending)
    use_lines(keys, queues)
    put_marks(queue, marks)
    may_start = add_to_lines(queue, entries, lines, kept) or may_start
  end
  push(queue.pending, plain, at_head)
  if marks and not entries then
    -- behind the push: without its task a mark would keep its line from starting
    note_marks(queue, marks)
  end
  return may_start
end

-- Tasks that were never claimed come to the tail, or into their lines.
local function enlist_new(keys, queues, queue, messages, is_sent)
  if line_up(keys, queues, queue, messages, false, true, is_sent) then
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
