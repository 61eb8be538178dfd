-- Limits: how many tasks of a queue, of one name or with one key are claimed at a time, and how many start in a time. A limit key has 27
-- characters, see limit-tag.ts: 6 for the name, 21 for the key.
--
-- The hash `limits` has by name `<most> <interval in us> <burst> <1 if ordered> <JSON>`, and beside it what is set while apps run:
-- `<name>!` and `<limit>!` come before that, `<most> <interval> <burst> <until> <JSON>`, where `=` is as declared; `<limit>.` stops a key
-- until a time in ms. `<name>*` is there while keys of this name have fields of their own.
local RULE = '^(%S+) (%S+) (%S+) (%d+)'

-- So many lines are woken in one script; promoters wake the rest.
local MOST_WOKEN = 20

-- So many rates that are past go at once.
local MOST_FORGOTTEN = 1000

-- Starts at a high rate are woken together, in ms.
local PACE = 5

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

-- Whether a message that waits keeps a slot of this limit.
local function keeps_slot(message, limit)
  return string.find(string.sub(message, 35, 34 + 28 * 9), 'L' .. limit, 1, true) ~= nil
end

-- The functions of limits, made only where there is one: Redis makes each anew in every run of a script. `queues` are those whose keys
-- the script has, by name: lines of others are left to promoters.
local function limits_with(keys, queues)
  local own, rules, used, arrivals, without_keys = {}, {}, {}, {}, {}
  local time = redis.call('TIME')
  local now_us = time[1] * 1000000 + time[2]
  local now = math.floor(now_us / 1000)
  local has_waiters, has_rates

  -- `rule` with what an entry of the hash says; `=` and a time that is over say nothing.
  local function with_entry(rule, entry, is_override)
    local most, interval, burst, last = string.match(entry or '', RULE)
    if not most or is_override and last ~= '0' and tonumber(last) <= now then
      return rule
    end
    local function field(value, before)
      return value == '=' and before or value ~= '=' and tonumber(value) or nil
    end
    return {
      most = field(most, rule.most),
      interval = field(interval, rule.interval),
      burst = field(burst, rule.burst),
      ordered = is_override and rule.ordered or not is_override and last == '1',
    }
  end

  -- What is allowed under a key. Nothing for a limit that nobody declares any more: its tasks go on.
  local function rule_of(limit)
    local known = rules[limit]
    if known then
      return known
    end
    local name = string.sub(limit, 1, 6)
    local base = rules[name]
    if not base then
      local declared, override, star = unpack(redis.call('HMGET', keys.limits, name, name .. '!', name .. '*'))
      base = with_entry(with_entry({}, declared, false), override, true)
      base.has_keys = star
      rules[name] = base
    end
    known = base
    if base.has_keys then
      local override, stopped = unpack(redis.call('HMGET', keys.limits, limit .. '!', limit .. '.'))
      known = with_entry(base, override, true)
      if stopped then
        known = { most = known.most, interval = known.interval, burst = known.burst, ordered = known.ordered, stopped = noted(stopped) }
      end
    end
    rules[limit] = known
    return known
  end

  local function used_of(limit)
    used[limit] = used[limit] or tonumber(redis.call('HGET', keys.slots, limit) or '') or 0
    return used[limit]
  end

  -- When the next task would come if all came evenly, in us.
  local function arrival_of(limit)
    if has_rates == nil then
      has_rates = redis.call('EXISTS', keys.rates) == 1
    end
    if arrivals[limit] == nil then
      arrivals[limit] = has_rates and tonumber(redis.call('ZSCORE', keys.rates, limit) or '') or 0
    end
    return arrivals[limit]
  end

  -- How many may start now, or 0 and the ms from which one may; without a time when that is for a task to end.
  function own.room(limit, keeps_slot)
    local rule = rule_of(limit)
    local count = math.huge
    if rule.stopped and rule.stopped > now then
      return 0, rule.stopped
    end
    if rule.most and not keeps_slot then
      count = rule.most - used_of(limit)
      if count <= 0 then
        return 0
      end
    end
    if rule.interval then
      local free_at = arrival_of(limit) - (rule.burst - 1) * rule.interval
      if free_at > now_us then
        return 0, math.ceil(free_at / 1000)
      end
      count = math.min(count, rule.burst, math.floor((now_us - free_at) / rule.interval) + 1)
    end
    return count
  end

  -- So many tasks start. One that keeps its slot takes no other.
  function own.take(limit, count, keeps_slot)
    local rule = rule_of(limit)
    if not keeps_slot then
      used[limit] = redis.call('HINCRBY', keys.slots, limit, count)
    end
    if rule.interval then
      arrivals[limit] = math.max(arrival_of(limit), now_us) + count * rule.interval
      redis.call('ZADD', keys.rates, text(arrivals[limit]), limit)
    end
  end

  function own.is_ordered(limit)
    return rule_of(limit).ordered
  end

  -- A promoter looks at this entry at that time, or before.
  function own.look_at(entry, at)
    local is_news = redis.call('ZADD', keys.paced, 'LT', 'CH', at, entry) == 1
    if is_news and keys.alarm and redis.call('ZRANGE', keys.paced, 0, 0)[1] == entry then
      ring(keys.alarm)
    end
  end

  -- It looks whether tasks that wait for this limit may start.
  local function pace(limit, at)
    local rule = rule_of(limit)
    if rule.interval and rule.interval < PACE * 1000 and at > now then
      at = math.max(at, now + math.min(PACE, math.floor(rule.burst * rule.interval / 2000)))
    end
    own.look_at(limit, text(at))
  end

  local function first_of(queue, line)
    return redis.call('ZRANGEBYLEX', queue.held, '[' .. line .. ' ', '(' .. line .. '!', 'LIMIT', 0, 1)[1]
  end

  -- Whether the head of a line keeps a slot of the limit for which it waits.
  local function keeps_head(queue, line, limit)
    local head = queue.held and first_of(queue, line)
    return head and keeps_slot(message_in_line(head), limit)
  end

  local function tenant_of(line)
    local tenant = string.sub(line, #line - #line % 27 + 1)
    return #tenant == 20 and tenant or nil
  end

  local function waiter(queue, line, order, limit)
    local kind = tenant_of(line) and 'f' or 'a'
    return limit .. queue.name .. ' ' .. kind .. string.format('%013.0f', order) .. ' ' .. line
  end

  local function limit_at(line, index)
    return string.sub(line, 27 * index + 1, 27 * index + 27)
  end

  local function is_ready(state)
    return state < WAITS
  end

  -- The order of a line by its state, and the index of the limit for which it waits.
  local function decoded(state)
    if is_ready(state) then
      return state < 0 and state - FAIR or state
    end
    local index = (state - WAITS) % 4
    return (state - WAITS - index) / 4, index
  end

  local function tag_at(queue, member)
    local tag = tonumber(redis.call('ZSCORE', queue.ready, member) or '')
    return tag and tag - TAGS
  end

  local function state_of(queue, line)
    return tonumber(redis.call('ZSCORE', queue.ready, line) or '')
  end

  -- The tag of the task of a tenant that was given last.
  local function note_given(queue, tag)
    redis.call('ZADD', queue.ready, 'GT', text(TAGS + tag), '~')
  end

  local function next_tag(queue, tenant)
    local tag = math.max(tag_at(queue, '~') or 0, (tag_at(queue, '~' .. tenant) or -1) + 1)
    redis.call('ZADD', queue.ready, text(TAGS + tag), '~' .. tenant)
    return tag
  end

  -- A line waits no more for what it waited for.
  local function forget_waiter(queue, line, state)
    if state and not is_ready(state) then
      local order, index = decoded(state)
      redis.call('ZREM', keys.waiters, waiter(queue, line, order, limit_at(line, index)))
    end
  end

  -- What keeps the head of a line from its start: the index of a limit, and when that opens, if time alone opens it.
  local function blocked_by(limits, head)
    local turn = string.find(head, ' ', 1, true) + 1
    local keeps_any = string.sub(head, turn, turn + 12) == '0000000000000'
    for index, limit in ipairs(limits) do
      local room, opens = own.room(limit, keeps_any and keeps_slot(string.sub(head, turn + 13), limit))
      if room == 0 then
        return index - 1, opens
      end
    end
  end

  -- Gives a line the state that its head has now. `was_given` says that one of its tasks was just given to a child. Returns whether it may
  -- start.
  local function settle(queue, line, head, was_given)
    local before, tenant = state_of(queue, line), tenant_of(line)
    local order = not tenant and tonumber(string.sub(head, #line + 2, #line + 14)) or before and decoded(before)
    if tenant and was_given then
      note_given(queue, order)
    end
    if tenant and (was_given or not before) then
      order = next_tag(queue, tenant)
    end
    local index, opens = blocked_by(limits_of_line(line), head)
    local state = index and WAITS + 4 * order + index or tenant and FAIR + order or order
    if state ~= before then
      forget_waiter(queue, line, before)
      redis.call('ZADD', queue.ready, text(state), line)
      if index then
        redis.call('ZADD', keys.waiters, 0, waiter(queue, line, order, limit_at(line, index)))
        has_waiters = true
      end
    end
    if opens then
      pace(limit_at(line, index), opens)
    end
    return not index
  end

  -- Looks at a line anew; one that is empty is gone. Returns whether it may start.
  function own.refresh(queue, line, was_given)
    local head = first_of(queue, line)
    if head then
      return settle(queue, line, head, was_given)
    end
    local before = state_of(queue, line)
    if before then
      redis.call('ZREM', queue.ready, line)
      forget_waiter(queue, line, before)
    end
    if redis.call('EXISTS', queue.held) == 0 then
      redis.call('UNLINK', queue.ready)
    elseif was_given and tenant_of(line) then
      note_given(queue, (decoded(before)))
    end
    return false
  end

  -- Tags that are behind say nothing.
  function own.forget_tags(queue)
    local newest = tag_at(queue, '~')
    local old = newest and redis.call('ZRANGEBYSCORE', queue.ready, text(TAGS), '(' .. text(TAGS + newest), 'LIMIT', 0, 50)
    if old and #old > 0 then
      redis.call('ZREM', queue.ready, unpack(old))
    end
  end

  -- A queue waits as a whole for its limit.
  function own.wait_as_queue(queue, limit)
    redis.call('ZADD', keys.waiters, 0, limit .. queue.name .. ' a0000000000000 *')
    has_waiters = true
    local _, opens = own.room(limit)
    if opens then
      pace(limit, opens)
    end
  end

  -- Wakes those that wait for a limit, in each queue the first of each kind that may start: one of them takes what is free, and wakes the
  -- next.
  function own.nudge(limit)
    if has_waiters == nil then
      has_waiters = redis.call('EXISTS', keys.waiters) == 1
    end
    local from, woken = '[' .. limit, 0
    while has_waiters do
      local found = redis.call('ZRANGEBYLEX', keys.waiters, from, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
      if not found then
        return
      end
      local name, kind, line = string.match(string.sub(found, 28), '^(%S+) (%l)%d+ (%S+)$')
      local queue = queues[name or '']
      local is_ordered = rule_of(limit).ordered
      local room, opens = own.room(limit, is_ordered and queue and keeps_head(queue, line, limit))
      if opens then
        pace(limit, opens)
      end
      if room == 0 and (opens or not is_ordered or woken == MOST_WOKEN) then
        return
      elseif woken == MOST_WOKEN then
        return pace(limit, now)
      end
      woken = woken + 1
      local is_awake = true
      if room == 0 then
        -- another line may keep the slot, and is the next
        from = '(' .. found
      elseif queue and queue.held and queue.bell then
        redis.call('ZREM', keys.waiters, found)
        is_awake = line == '*' or own.refresh(queue, line)
        if is_awake then
          ring(queue.bell)
        end
      elseif name then
        without_keys[name] = true
        pace(limit, now)
      else
        redis.call('ZREM', keys.waiters, found)
      end
      if room > 0 and is_awake and name then
        from = '[' .. limit .. name .. ' ' .. (kind == 'a' and line ~= '*' and 'b' or '~')
      end
    end
  end

  -- The same for all keys of a limit, so many at once. `from` is the last key of the call before, or ''.
  function own.nudge_all(name, from)
    local next = from == '' and '[' .. name or '[' .. from .. '~'
    for _ = 1, MOST_WOKEN do
      local found = redis.call('ZRANGEBYLEX', keys.waiters, next, '(' .. name .. '~', 'LIMIT', 0, 1)[1]
      if not found then
        return
      end
      from = string.sub(found, 1, 27)
      own.nudge(from)
      next = '[' .. from .. '~'
    end
    redis.call('ZADD', keys.paced, text(now), '*' .. name .. from)
  end

  -- A rule has changed: what waits for it may go on.
  local function apply(field)
    rules = {}
    if #field == 28 then
      own.nudge(string.sub(field, 1, 27))
    else
      own.nudge_all(string.sub(field, 1, 6), '')
    end
  end

  -- Sets something for a limit or a key, until a time in ms if it has one.
  function own.set_entry(field, value, ends)
    if redis.call('HSET', keys.limits, field, value) == 1 and #field == 28 then
      redis.call('HINCRBY', keys.limits, string.sub(field, 1, 6) .. '*', 1)
    end
    redis.call('ZREM', keys.paced, '!' .. field)
    if ends then
      own.look_at('!' .. field, ends)
    end
    apply(field)
  end

  -- What was set for a limit or a key is over. Returns whether something was.
  function own.end_entry(field)
    local was_set = redis.call('HDEL', keys.limits, field)
    if was_set == 1 and #field == 28 then
      local star = string.sub(field, 1, 6) .. '*'
      if redis.call('HINCRBY', keys.limits, star, -1) <= 0 then
        redis.call('HDEL', keys.limits, star)
      end
    end
    apply(field)
    return was_set
  end

  -- Starts nothing with a key for so long; a stop that lasts longer stays.
  function own.stop(limit, ms)
    local field, ends = limit .. '.', now + ms
    if ends > (noted(redis.call('HGET', keys.limits, field)) or 0) then
      own.set_entry(field, text(ends), text(ends))
    end
  end

  -- Carries out what is due in `paced`. Returns the ms at which more is.
  function own.keep_pace()
    for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keys.paced, '-inf', text(now), 'LIMIT', 0, 100)) do
      redis.call('ZREM', keys.paced, entry)
      local kind, rest = string.sub(entry, 1, 1), string.sub(entry, 2)
      if kind == '!' then
        own.end_entry(rest)
      elseif kind == '*' then
        own.nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))
      else
        own.nudge(entry)
      end
    end
    return tonumber(redis.call('ZRANGE', keys.paced, 0, 0, 'WITHSCORES')[2])
  end

  -- Rates that are past allow as much as none. Returns whether there are more.
  function own.forget_rates()
    local past = redis.call('ZCOUNT', keys.rates, '-inf', text(now_us))
    if past > 0 then
      redis.call('ZREMRANGEBYRANK', keys.rates, 0, math.min(past, MOST_FORGOTTEN) - 1)
    end
    return past > MOST_FORGOTTEN
  end

  -- The queues in which a line waits that could not be woken here.
  function own.unreached()
    local names = {}
    for name in pairs(without_keys) do
      names[#names + 1] = name
    end
    return names
  end

  -- A task comes into its line. Returns whether that may start.
  function own.add(queue, message)
    local entry, line, keeps = place_in_line(message)
    redis.call('ZADD', queue.held, 0, entry)
    local state = state_of(queue, line)
    local is_behind = state and not keeps
      and (tenant_of(line) or (decoded(state)) <= tonumber(string.sub(entry, #line + 2, #line + 14)))
    if is_behind then
      return is_ready(state)
    end
    return settle(queue, line, first_of(queue, line), false)
  end

  -- A task has left a line: it was given to a child, or is gone. What the line was woken for may be free for others.
  function own.left_line(queue, line, was_given)
    own.refresh(queue, line, was_given)
    for _, limit in ipairs(limits_of_line(line)) do
      own.nudge(limit)
    end
  end

  -- A slot is free.
  function own.free(limit)
    used[limit] = redis.call('HINCRBY', keys.slots, limit, -1)
    if used[limit] <= 0 then
      redis.call('HDEL', keys.slots, limit)
      used[limit] = 0
    end
    own.nudge(limit)
  end

  -- The key in clear is kept while a task with it runs or waits.
  function own.forget_label(limit, queue, line)
    if used_of(limit) > 0 or redis.call('HEXISTS', keys.limit_labels, limit) == 0 then
      return
    end
    local waits = redis.call('ZRANGEBYLEX', keys.waiters, '[' .. limit, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
    if not waits and not (queue.held and first_of(queue, line)) then
      redis.call('HDEL', keys.limit_labels, limit)
    end
  end

  own.now, own.pace, own.first_of, own.blocked_by = now, pace, first_of, blocked_by
  return own
end

-- A script makes them once for the same `queues`.
local LIMITS_MADE = {}
local function shared_limits(keys, queues)
  LIMITS_MADE[queues] = LIMITS_MADE[queues] or limits_with(keys, queues)
  return LIMITS_MADE[queues]
end

-- The tags by which a task has slots: in the claims, or while it waits.
local CLAIMED = 'lq'
local WAITING = 'L'

-- What hangs on the end of a task that has limits: its slots are free for others. Most tasks have none.
local function end_limits(keys, queues, queue, message, letters)
  local named = has_tags(message) and limits_of(message, 'lLq') or {}
  if #named == 0 then
    return
  end
  local limits, line = shared_limits(keys, queues), line_of(message)
  for _, limit in ipairs(limits_of(message, letters)) do
    limits.free(limit)
  end
  for _, limit in ipairs(line and limits_of(message, 'lL') or {}) do
    limits.forget_label(limit, queue, line)
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
    if shared_limits(keys, task.known_queues).is_ordered(limit) then
      message = with_letter(message, 'l', limit, 'L')
    end
  end
  return message
end

-- And the slots that it gives up, at the end of its claim.
local function give_up_slots(keys, task, message)
  for _, limit in ipairs(has_tags(task.claimed) and limits_of(task.claimed, CLAIMED) or {}) do
    if not keeps_slot(message, limit) then
      shared_limits(keys, task.known_queues).free(limit)
    end
  end
end

-- Keeps the keys of limits in clear: limits, each followed by its key.
local function note_labels(keys, labels)
  for i = 1, #labels, 2 do
    redis.call('HSET', keys.limit_labels, labels[i], labels[i + 1])
  end
end
