-- What the end of a task with limits changes.

-- Found before the first write, where a task waits in a line, or leaves a limit.
local function wrong_lines(keys, queues)
  local wrong = wrong_type('hash', keys.limits, keys.slots, keys.limit_labels)
    or wrong_type('zset', keys.rates)
    -- mostly nothing waits
    or redis.call('EXISTS', keys.paced, keys.waiters) > 0 and wrong_type('zset', keys.paced, keys.waiters)
    or nil
  for _, queue in ipairs(queues) do
    wrong = wrong or queue.held and wrong_type('zset', queue.held, queue.ready)
  end
  return wrong
end

-- The same for a script that changes what limits allow.
local function wrong_for_rules(keys, queues)
  return wrong_lines(keys, queues) or wrong_type('hash', keys.gates) or wrong_type('list', keys.alarm) or wrong_queues(queues)
end

-- The tags by which a task has slots, in the claims and while it waits, and those that its sender gave it: codes of their letters.
local CLAIMED = { [108] = true, [113] = true }
local WAITING = { [76] = true }
local DECLARED = { [108] = true, [76] = true }

-- The limits of the tags with these letters, behind those that are in a list already.
local function limits_of(message, letters, limits)
  local at = 35
  limits = limits or {}
  local letter = string.byte(message, at)
  while is_letter(letter) do
    if letters[letter] then
      limits[#limits + 1] = string.sub(message, at + 1, at + 27)
    end
    at = at + 28
    letter = string.byte(message, at)
  end
  return limits
end

-- Whether a script is whole. In its short form, which has nothing for limits and groups, this is false.
local IS_WHOLE = true

-- The answer of a short form, before it writes anything.
local function whole_needed()
  return redis.error_reply('WHOLE_NEEDED a task has a limit or is in a group')
end

-- As `wrong_lines`, only where one of these messages has something to do with limits. A short form leaves those to the whole script.
local function wrong_lines_of(keys, queues, messages)
  for _, message in ipairs(messages) do
    if not IS_WHOLE and (may_have_limits(message) or member_of(message)) then
      return whole_needed()
    elseif may_have_limits(message) then
      return wrong_lines(keys, queues)
    end
  end
end

-- The limits of claimed messages, those with these numbers in a list. Nil where none has one, as for most.
local function limits_among(numbers, messages)
  local found
  for _, i in ipairs(numbers) do
    found = may_have_limits(messages[i]) and limits_of(messages[i], CLAIMED, found) or found
  end
  return found and found[1] and found
end

-- What hangs on the end of a task that has limits: its slots are free for others. Most tasks have none.
local function end_limits(keys, queues, queue, message, letters)
  local has_limits = may_have_limits(message)
  local given_up = has_limits and limits_of(message, letters) or {}
  local line = has_limits and line_of(message)
  if #given_up == 0 and not line then
    return
  end
  use_lines(keys, queues)
  free_slots(given_up)
  forget_labels(queue, { line or nil })
end

-- The same for many claimed messages of one script, `limits` being all of theirs.
local function end_limits_of(limits, numbers, messages, queue_of)
  free_slots(limits)
  local left = {}
  for _, i in ipairs(numbers) do
    local queue = queue_of(i)
    local line = queue and may_have_limits(messages[i]) and line_of(messages[i])
    if line and #line > 26 then
      left[queue] = left[queue] or {}
      table.insert(left[queue], line)
    end
  end
  for queue, lines in pairs(left) do
    forget_labels(queue, lines)
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
  for _, limit in ipairs(may_have_limits(message) and limits_of(message, CLAIMED) or {}) do
    use_lines(keys, task.known_queues)
    if rule_of(limit).ordered then
      message = with_letter(message, 'l', limit, 'L')
    end
  end
  return message
end

-- And the slots that it gives up, at the end of its claim.
local function give_up_slots(keys, task, message)
  local given_up = {}
  for _, limit in ipairs(may_have_limits(task.claimed) and limits_of(task.claimed, CLAIMED) or {}) do
    if not keeps_slot(message, limit) then
      given_up[#given_up + 1] = limit
    end
  end
  if #given_up > 0 then
    use_lines(keys, task.known_queues)
    free_slots(given_up)
  end
end

-- The tasks are there already: a foreign key must not make their sender believe that they are not.
local function note_all_labels(keys, labels)
  redis.pcall('HSET', keys.limit_labels, unpack(labels))
end

-- The same for the limits of these messages alone.
local function note_labels_of(keys, labels, messages)
  local theirs, kept = {}, {}
  for _, message in ipairs(messages) do
    for _, limit in ipairs(may_have_limits(message) and limits_of(message, DECLARED) or {}) do
      theirs[limit] = true
    end
  end
  for i = 1, #labels, 2 do
    if theirs[labels[i]] then
      kept[#kept + 1] = labels[i]
      kept[#kept + 1] = labels[i + 1]
    end
  end
  if #kept > 0 then
    note_all_labels(keys, kept)
  end
end

-- Keeps keys of limits in clear: `labels` are limits, each followed by its key. Only those of tasks that are added: the end of a task that a
-- client sends again has dropped its label, and nothing would drop it once more. `sent` is how many the client has sent, if all of them
-- have these limits.
local function note_labels(keys, labels, added, sent)
  -- what a short form adds has no limit
  if #labels == 0 or not IS_WHOLE then
    return
  elseif #added == sent then
    note_all_labels(keys, labels)
  else
    note_labels_of(keys, labels, added)
  end
end
