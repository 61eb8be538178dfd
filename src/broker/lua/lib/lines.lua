-- Lines, see docs/limits.md: a task with the tag `l` (a limit), `L` (a limit whose slot its message keeps) or `o` (priority and
-- fairness) waits in the line of those with the same limits and the same tenant, and not in the list of its queue. One whose line is empty
-- lies in that list all the same, if it is new and has nothing but limits: mostly it starts from there, and no line is made for it.
--
-- `held:<queue>` has `<line> <turn, 13 digits><message>`, so that a range by text is one line in its order. `ready:<queue>` has for each
-- line its state:
--   below 0         it may start, and has a tenant: FAIR + its tag
--   below WAITS     it may start: the turn of its head
--   from WAITS on   it waits for a limit: WAITS + 4 * order + index of the limit; the order is its tag, or the turn of its head
-- and of a line of which a task lies in the list, as `=<line>`:
--   LISTED + turn   the turn of that task
--   BEHIND + turn   the same, and its line waits behind that task: it has no state
-- What a line waits for has an entry in `waiters`: `<limit><queue> <a or f><order, 13 digits> <line>`, `f` for one with a tenant.
--
-- Tenants share by tags, as in start-time fair queueing: a line gets one when it gets its first task, and the next whenever one of its
-- tasks is given to a child. A tag is TURN above the last of its tenant, and at least that of the task given last. In between are those of
-- tenants that came anew, one after the other. TAGS + tag in `ready:<queue>`: of `~<tenant>`, of `~` that given last, of `~+` the newest.
local FAIR = -2e15
local WAITS = 1e15
local TAGS = 4e15
local TURN = 1000
local LISTED = 8e15
local BEHIND = 8.5e15

local NO_TENANT = '--------------------'

-- The turn of a message that keeps a slot: it is the next.
local FIRST = '0000000000000'

-- Whether one of its tags is about limits; foreign bytes that a child holds have none. What else is made for them takes longer than
-- all the rest of a script.
local function may_have_limits(message)
  local at, letter = 35, string.byte(message, 35)
  -- l, L, o, q; as is_letter, without a call for each
  while letter and (letter > 96 and letter < 123 or letter > 64 and letter < 91) do
    if letter == 108 or letter == 76 or letter == 111 or letter == 113 then
      return not is_foreign(message)
    end
    at = at + 28
    letter = string.byte(message, at)
  end
  return false
end

local function line_of_tags(message)
  if not has_tags(message) then
    return
  end
  local at, limits, order, keeps = 35, '', nil, false
  local letter = string.byte(message, at)
  while is_letter(letter) do
    if letter == 108 or letter == 76 then
      limits = limits .. string.sub(message, at + 1, at + 27)
      keeps = keeps or letter == 76
    elseif letter == 111 then
      order = string.sub(message, at + 1, at + 27)
    end
    at = at + 28
    letter = string.byte(message, at)
  end
  if limits == '' and not order or string.find(limits .. (order or ''), '[^%w_-]') or #limits > 108 then
    return
  end
  local tenant = order and string.sub(order, 8)
  if not tenant or tenant == NO_TENANT then
    tenant = limits == '' and '-' or ''
  end
  return limits .. tenant, order, keeps
end

-- The line of a message that may have limits, its tag `o` without the letter, and whether it keeps a slot. Nothing for one that has no
-- line.
local function line_of(message)
  -- as most: one limit, and no other tag
  local only = string.byte(message, 63) == 91 and string.match(message, '^l([%w_-]*)%[', 35)
  if only then
    return only
  end
  return line_of_tags(message)
end

-- The turn of a message in its line: when it came, less what its priority is worth.
local function turn_of(message, order)
  local turn = tonumber(string.sub(message, 26, 34), 36) or 0
  if order then
    turn = turn - (tonumber(string.sub(order, 1, 1)) or 0) * (tonumber(string.sub(order, 2, 7), 36) or 0)
  end
  return math.min(math.max(turn, 1), 9999999999999)
end

-- How a message lies in its line: `<line> <turn><message>`. One that keeps a slot is the next.
local function entry_in_line(message, line, order, keeps)
  if keeps then
    return line .. ' ' .. FIRST .. message
  end
  return line .. ' ' .. string.format('%013.0f', turn_of(message, order)) .. message
end

-- The same, its line, and whether it keeps a slot. Nothing for one that has no line.
local function place_in_line(message)
  local line, order, keeps = line_of(message)
  if line then
    return entry_in_line(message, line, order, keeps), line, keeps
  end
end

-- The first entries of a line, or so many.
local function entries_of(queue, line, count)
  return redis.call('ZRANGEBYLEX', queue.held, '[' .. line .. ' ', '(' .. line .. '!', 'LIMIT', 0, count or 1)
end

-- How many tasks lie in a line; or before an entry of it.
local function tasks_in(queue, line, before)
  return redis.call('ZLEXCOUNT', queue.held, '[' .. line .. ' ', '(' .. (before or line .. '!'))
end

-- What `ready:<queue>` has for a line of which a task lies in the list.
local function mark_of(line)
  return '=' .. line
end

-- What `waiters` has for a queue that waits as a whole for its limit.
local function waiting_queue(queue, gate)
  return gate .. queue.name .. ' a' .. FIRST .. ' *'
end

-- The message of an entry of `held:<queue>`. What others wrote there is taken for a message.
local function message_in_line(entry)
  return string.sub(entry, (string.find(entry, ' ', 1, true) or -13) + 14)
end

-- The limits of a line are those from 0 to below `#line / 27`. A list of them would be garbage for each task.
local function limit_at(line, index)
  return string.sub(line, 27 * index + 1, 27 * index + 27)
end

-- The tenant of a line. Nothing for one without.
local function tenant_of(line)
  return #line % 27 == 20 and string.sub(line, -20)
end

-- A message as it was before its claim noted the limit of its queue. In foreign bytes a `q` is one of theirs.
local function without_gate(message)
  if string.byte(message, 35) ~= 113 or is_foreign(message) then
    return message
  end
  return string.sub(message, 1, 34) .. string.sub(message, 63)
end

-- Whether a message that waits keeps a slot of this limit.
local function keeps_slot(message, limit)
  return string.find(string.sub(message, 35, 34 + 28 * 9), 'L' .. limit, 1, true) ~= nil
end
