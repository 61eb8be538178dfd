-- What the end of a task with limits changes.

-- Found before the first write, where a task waits in a line, or leaves a limit.
local function wrong_lines(keys, queues)
  local wrong = wrong_type('hash', keys.limits, keys.slots, keys.limit_labels)
    or wrong_type('zset', keys.rates, keys.paced, keys.waiters)
  for _, queue in ipairs(queues) do
    wrong = wrong or queue.held and wrong_type('zset', queue.held, queue.ready)
  end
  return wrong
end

-- The limits of the tags with these letters.
local function limits_of(message, letters)
  local limits, at = {}, 35
  local letter = string.sub(message, at, at)
  while string.find(letter, '%a') do
    if string.find(letters, letter, 1, true) then
      limits[#limits + 1] = string.sub(message, at + 1, at + 27)
    end
    at = at + 28
    letter = string.sub(message, at, at)
  end
  return limits
end

-- The same, only where one of these messages has something to do with limits.
local function wrong_lines_of(keys, queues, messages)
  for _, message in ipairs(messages) do
    if has_tags(message) and #limits_of(message, 'lLoq') > 0 then
      return wrong_lines(keys, queues)
    end
  end
end

-- The tags by which a task has slots: in the claims, or while it waits.
local CLAIMED = 'lq'
local WAITING = 'L'

-- The limits of claimed messages, those with these numbers in a list. Nil where none has one, as for most.
local function limits_among(numbers, messages)
  local found
  for _, i in ipairs(numbers) do
    for _, limit in ipairs(has_tags(messages[i]) and limits_of(messages[i], CLAIMED) or {}) do
      found = found or {}
      found[#found + 1] = limit
    end
  end
  return found
end

-- What hangs on the end of a task that has limits: its slots are free for others. Most tasks have none.
local function end_limits(keys, queues, queue, message, letters)
  local named = has_tags(message) and limits_of(message, 'lLq') or {}
  if #named == 0 then
    return
  end
  local lines, line = shared_lines(keys, queues), line_of(message)
  lines.free(limits_of(message, letters))
  if line then
    lines.forget_labels(limits_of(message, 'lL'), queue, line)
  end
end

-- The message with another letter in front of a limit.
local function with_letter(message, letter, limit, other)
  local at = string.find(message, letter .. limit, 35, true)
  return at and string.sub(message, 1, at - 1) .. other .. string.sub(message, at + 1) or message
end

-- The message of a task that has given up the slots that it kept.
local function without_slots(message)
  for _, limit in ipairs(limits_of(message, WAITING)) do
    message = with_letter(message, 'L', limit, 'l')
  end
  return message
end

-- A claimed task is to run again: the message with the slots that it keeps, those of ordered limits.
local function keep_ordered(keys, task, message)
  for _, limit in ipairs(has_tags(message) and limits_of(message, 'l') or {}) do
    if shared_lines(keys, task.known_queues).limits.rule_of(limit).ordered then
      message = with_letter(message, 'l', limit, 'L')
    end
  end
  return message
end

-- And the slots that it gives up, at the end of its claim.
local function give_up_slots(keys, task, message)
  local given_up = {}
  for _, limit in ipairs(has_tags(task.claimed) and limits_of(task.claimed, CLAIMED) or {}) do
    if not keeps_slot(message, limit) then
      given_up[#given_up + 1] = limit
    end
  end
  if #given_up > 0 then
    shared_lines(keys, task.known_queues).free(given_up)
  end
end

-- Keeps the keys of limits in clear: limits, each followed by its key.
local function note_labels(keys, labels)
  for i = 1, #labels, 2 do
    redis.call('HSET', keys.limit_labels, labels[i], labels[i + 1])
  end
end
