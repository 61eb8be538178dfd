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

-- Puts tasks into their lines. Returns those that have none, and whether one of the lines may start. The time of a task that was never in
-- its queue is that of its sender; one that comes back has a time of Redis, and other scripts know it by its message.
local function line_up(keys, queues, queue, messages, is_new)
  local plain, entries, lines, kept = messages, nil, nil, nil
  for i, message in ipairs(messages) do
    local line, order, keeps
    if may_have_limits(message) then
      line, order, keeps = line_of(message)
    end
    if line then
      if not entries then
        plain, entries, lines, kept = part(messages, 1, i - 1), {}, {}, {}
        use_lines(keys, queues)
      end
      message = is_new and not_ahead(keys, queue, message, LIMITS.now) or message
      local at = #entries + 1
      entries[at], lines[at], kept[at] = entry_in_line(message, line, order, keeps), line, keeps
    elseif entries then
      plain[#plain + 1] = message
    end
  end
  return plain, entries and add_to_lines(queue, entries, lines, kept)
end

-- Tasks that were never claimed come to the tail, or into their lines.
local function enlist_new(keys, queues, queue, messages)
  local plain, may_start = line_up(keys, queues, queue, messages, true)
  push(queue.pending, plain, false)
  if may_start or #plain > 0 then
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
  local plain, may_start = line_up(keys, queues, queue, others, is_new)
  push(queue.pending, plain, at_head)
  push(queue.quarantined, quarantined, at_head)
  if may_start or #plain + #quarantined > 0 then
    ring(queue.bell)
  end
end
