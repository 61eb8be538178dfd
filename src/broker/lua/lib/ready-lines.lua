-- The states of lines: which may start, which wait for a limit, and what wakes those.

-- So many lines are woken in one script; promoters wake the rest.
local MOST_WOKEN = 20

-- Starts at a high rate are woken together, in ms.
local PACE = 5

-- The functions of lines, made only where there is one. `queues` are those whose keys the script has, by name: lines of others are left to
-- promoters. What changes is written when the outermost of them ends, see `together`.
local function lines_with(keys, queues)
  local own, limits, depth = {}, limits_with(keys), 0
  local states, changed, removed, without_keys, parts, waited = {}, {}, {}, {}, {}, {}
  local has_waiters, has_labels
  own.limits, own.now = limits, limits.now

  function own.meet(others)
    for name, queue in pairs(others) do
      queues[name] = queues[name] or queue
    end
  end

  -- Writes which tasks of a queue have left their lines, and the states of lines.
  local function flush_queue(queue)
    local gone, added, lost = removed[queue.name] or {}, {}, {}
    removed[queue.name] = nil
    if #gone > 0 then
      redis.call('ZREM', queue.held, unpack(gone))
    end
    for member in pairs(changed[queue.name] or {}) do
      local state = states[queue.name][member]
      if state then
        added[#added + 1] = text(state)
        added[#added + 1] = member
      else
        lost[#lost + 1] = member
      end
    end
    changed[queue.name] = nil
    if #added > 0 then
      redis.call('ZADD', queue.ready, unpack(added))
    end
    if #lost > 0 then
      redis.call('ZREM', queue.ready, unpack(lost))
      if redis.call('EXISTS', queue.held) == 0 then
        redis.call('UNLINK', queue.ready)
        states[queue.name] = nil
      end
    end
  end

  -- Runs something, and writes what it has changed unless something around it goes on.
  local function together(run, ...)
    depth = depth + 1
    local result = run(...)
    depth = depth - 1
    if depth == 0 then
      limits.flush()
      for _, queue in pairs(queues) do
        if changed[queue.name] or removed[queue.name] then
          flush_queue(queue)
        end
      end
    end
    return result
  end
  own.together = together

  -- Mostly nothing waits, and then nothing is woken.
  local function any_waiters()
    if has_waiters == nil then
      has_waiters = redis.call('EXISTS', keys.waiters) == 1
    end
    return has_waiters
  end

  -- The limits of a line, and its tenant.
  local function parts_of(line)
    local known = parts[line]
    if not known then
      known = { limits = limits_of_line(line), tenant = #line % 27 == 20 and string.sub(line, -20) }
      parts[line] = known
    end
    return known
  end
  own.parts_of = parts_of

  -- The states of members of `ready:<queue>`, many at once.
  local function read_states(queue, members)
    local known, missing = states[queue.name] or {}, {}
    states[queue.name] = known
    for _, member in ipairs(members) do
      if known[member] == nil then
        missing[#missing + 1] = member
      end
    end
    local found = #missing > 0 and redis.call('ZMSCORE', queue.ready, unpack(missing)) or {}
    for i, member in ipairs(missing) do
      known[member] = tonumber(found[i] or '') or false
    end
  end

  local function state_of(queue, member)
    local known = states[queue.name]
    if not known or known[member] == nil then
      read_states(queue, { member })
    end
    return states[queue.name][member]
  end

  own.state_of = state_of

  local function put_state(queue, member, state)
    states[queue.name] = states[queue.name] or {}
    states[queue.name][member] = state
    changed[queue.name] = changed[queue.name] or {}
    changed[queue.name][member] = true
  end

  -- The first lines of a queue that may start, from one state to another, and their states.
  function own.ready(queue, from, till, count)
    if changed[queue.name] then
      flush_queue(queue)
    end
    local found = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'WITHSCORES', 'LIMIT', 0, count)
    local known, lines = states[queue.name] or {}, {}
    states[queue.name] = known
    for i = 1, #found, 2 do
      lines[#lines + 1] = found[i]
      known[found[i]] = tonumber(found[i + 1])
    end
    return lines
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
    local rule = limits.rule_of(limit)
    if rule.interval and at > own.now then
      at = math.max(at, own.now + math.min(PACE, math.floor(rule.burst * rule.interval / 2000)))
    end
    own.look_at(limit, text(at))
  end

  -- The first tasks of a line, as they lie there.
  function own.first_of(queue, line, count)
    for _, entry in ipairs(removed[queue.name] or {}) do
      if string.sub(entry, 1, #line + 1) == line .. ' ' then
        flush_queue(queue)
        break
      end
    end
    return entries_of(queue, line, count)
  end

  -- Whether the head of a line keeps a slot of the limit for which it waits.
  local function keeps_head(queue, line, limit)
    local head = queue.held and own.first_of(queue, line)[1]
    return head and keeps_slot(message_in_line(head), limit)
  end

  local function limit_at(line, index)
    return string.sub(line, 27 * index + 1, 27 * index + 27)
  end

  local function waiter(queue, line, order, limit)
    local kind = parts_of(line).tenant and 'f' or 'a'
    return limit .. queue.name .. ' ' .. kind .. string.format('%013.0f', order) .. ' ' .. line
  end

  -- The order of a line by its state, and the index of the limit for which it waits.
  local function decoded(state)
    if state < WAITS then
      return state < 0 and state - FAIR or state
    end
    local index = (state - WAITS) % 4
    return (state - WAITS - index) / 4, index
  end

  local function tag_at(queue, member)
    local state = state_of(queue, member)
    return state and state - TAGS
  end

  -- The tag of the task of a tenant that was given last.
  local function note_given(queue, given)
    if given > (tag_at(queue, '~') or -1) then
      put_state(queue, '~', TAGS + given)
    end
  end

  -- One that comes anew is behind those that came before it, and ahead of the second turn of any: were their tags the same, those that
  -- come later could go first for ever.
  local function next_tag(queue, tenant)
    read_states(queue, { '~', '~+', '~' .. tenant })
    local given, newest, last = tag_at(queue, '~') or 0, tag_at(queue, '~+') or -1, tag_at(queue, '~' .. tenant)
    local anew = math.min(math.max(given, newest + 1), given + TURN - 1)
    local tag = math.max(anew, last and last + TURN or 0)
    if tag == anew then
      put_state(queue, '~+', TAGS + anew)
    end
    put_state(queue, '~' .. tenant, TAGS + tag)
    return tag
  end

  -- A line waits no more for what it waited for.
  local function forget_waiter(queue, line, state)
    if state and state >= WAITS then
      local order, index = decoded(state)
      redis.call('ZREM', keys.waiters, waiter(queue, line, order, limit_at(line, index)))
    end
  end

  -- What keeps the head of a line from its start: the index of a limit, and when that opens, if time alone opens it.
  function own.blocked_by(line, head)
    local keeps_any = string.sub(head, #line + 2, #line + 14) == FIRST
    for index, limit in ipairs(parts_of(line).limits) do
      local room, opens = limits.room(limit, keeps_any and keeps_slot(message_in_line(head), limit))
      if room == 0 then
        return index - 1, opens
      end
    end
  end

  -- Gives a line the state that its head has now. `was_given` says that one of its tasks was just given to a child. Returns whether it may
  -- start.
  local function settle(queue, line, head, was_given)
    local before, tenant = state_of(queue, line), parts_of(line).tenant
    local order = not tenant and tonumber(string.sub(head, #line + 2, #line + 14)) or before and decoded(before)
    if tenant and was_given then
      note_given(queue, order)
    end
    if tenant and string.sub(head, #line + 2, #line + 14) == FIRST then
      -- one that keeps a slot is the next: it comes first among those that wait, so that it is found there
      order = 0
    elseif tenant and (was_given or not before) then
      order = next_tag(queue, tenant)
    end
    local index, opens = own.blocked_by(line, head)
    local state = index and WAITS + 4 * order + index or tenant and FAIR + order or order
    if state ~= before then
      forget_waiter(queue, line, before)
      put_state(queue, line, state)
      if index then
        redis.call('ZADD', keys.waiters, 0, waiter(queue, line, order, limit_at(line, index)))
        has_waiters = true
      end
    end
    if own.on_ready and not index and (state ~= before or was_given) then
      own.on_ready(queue, state)
    end
    if opens then
      pace(limit_at(line, index), opens)
    end
    return not index
  end

  -- A line has no task any more.
  local function vanish(queue, line, was_given)
    local before = state_of(queue, line)
    if before then
      forget_waiter(queue, line, before)
      put_state(queue, line, false)
      if was_given and parts_of(line).tenant then
        note_given(queue, (decoded(before)))
      end
    end
  end

  -- Looks at a line anew. Returns whether it may start.
  local function refresh(queue, line)
    local head = own.first_of(queue, line)[1]
    if head then
      return settle(queue, line, head, false)
    end
    vanish(queue, line, false)
    return false
  end

  -- Tags that are a turn behind say nothing.
  function own.forget_tags(queue)
    local given = tag_at(queue, '~')
    local old = given and own.ready(queue, text(TAGS), '(' .. text(TAGS + given - TURN), 20) or {}
    for _, member in ipairs(old) do
      put_state(queue, member, false)
    end
  end

  -- A queue waits as a whole for its limit.
  function own.wait_as_queue(queue, limit)
    redis.call('ZADD', keys.waiters, 0, waiting_queue(queue, limit))
    has_waiters = true
    local _, opens = limits.room(limit)
    if opens then
      pace(limit, opens)
    end
  end

  -- Wakes those that wait for a limit, in each queue the first of each kind that may start: one of them takes what is free, and wakes the
  -- next.
  local function nudge(limit)
    local from, woken = '[' .. limit, 0
    while has_waiters do
      local found = redis.call('ZRANGEBYLEX', keys.waiters, from, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
      if not found then
        return
      end
      waited[limit] = true
      local name, kind, order, line = string.match(string.sub(found, 28), '^(%S+) (%l)(%d+) (%S+)$')
      local queue = queues[name or '']
      local is_ordered = limits.rule_of(limit).ordered
      -- whether its head may keep a slot, also of a limit that is ordered no more
      local may_keep = line ~= '*' and order == FIRST
      local room, opens = limits.room(limit, may_keep and queue and keeps_head(queue, line, limit))
      if opens then
        pace(limit, opens)
      end
      if room == 0 and not opens and may_keep and not queue then
        without_keys[name] = true
        pace(limit, own.now)
      end
      if room == 0 and (opens or not is_ordered or woken == MOST_WOKEN) then
        return
      elseif woken == MOST_WOKEN then
        return pace(limit, own.now)
      end
      woken = woken + 1
      local is_awake = true
      if room == 0 then
        -- another line may keep the slot, and is the next
        from = (order == FIRST or not name) and '(' .. found or '[' .. limit .. name .. ' ' .. (kind == 'a' and 'b' or '~')
      elseif queue and queue.held and queue.bell then
        redis.call('ZREM', keys.waiters, found)
        is_awake = line == '*' or refresh(queue, line)
        if is_awake then
          ring(queue.bell)
        end
      elseif name then
        without_keys[name] = true
        pace(limit, own.now)
      else
        redis.call('ZREM', keys.waiters, found)
      end
      if room > 0 and is_awake and name then
        from = '[' .. limit .. name .. ' ' .. (kind == 'a' and line ~= '*' and 'b' or '~')
      end
    end
  end

  function own.nudge(limit)
    if any_waiters() then
      together(nudge, limit)
    end
  end

  -- The same for all keys of a limit, so many at once. `from` is the last key of the call before, or ''.
  local function nudge_all(name, from)
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
    own.look_at('*' .. name .. from, text(own.now))
  end

  -- A rule has changed: what waits for it may go on.
  local function apply(field)
    limits.forget_rules()
    if #field == 28 then
      own.nudge(string.sub(field, 1, 27))
    else
      nudge_all(string.sub(field, 1, 6), '')
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
    together(apply, field)
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
    together(apply, field)
    return was_set
  end

  -- Starts nothing with a key for so long; a stop that lasts longer stays.
  function own.stop(limit, ms)
    local field, ends = limit .. '.', own.now + ms
    if ends > (noted(redis.call('HGET', keys.limits, field)) or 0) then
      own.set_entry(field, text(ends), text(ends))
    end
  end

  -- Carries out what is due in `paced`. Returns the ms at which more is.
  function own.keep_pace()
    together(function()
      for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keys.paced, '-inf', text(own.now), 'LIMIT', 0, 100)) do
        redis.call('ZREM', keys.paced, entry)
        local kind, rest = string.sub(entry, 1, 1), string.sub(entry, 2)
        if kind == '!' then
          own.end_entry(rest)
        elseif kind == '*' then
          nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))
        else
          own.nudge(entry)
        end
      end
    end)
    return tonumber(redis.call('ZRANGE', keys.paced, 0, 0, 'WITHSCORES')[2])
  end

  -- The queues in which a line waits that could not be woken here.
  function own.unreached()
    local names = {}
    for name in pairs(without_keys) do
      names[#names + 1] = name
    end
    return names
  end

  -- Tasks come into their lines. Returns whether one of these may start.
  function own.add(queue, messages)
    return together(function()
      local entries, lines, firsts, kept, may_start = {}, {}, {}, {}, false
      for _, message in ipairs(messages) do
        local entry, line, keeps = place_in_line(message)
        entries[#entries + 1] = 0
        entries[#entries + 1] = entry
        if not firsts[line] then
          lines[#lines + 1] = line
        end
        firsts[line] = firsts[line] and firsts[line] < entry and firsts[line] or entry
        kept[line] = kept[line] or keeps
      end
      -- reads come first: a foreign key is found before anything is written
      read_states(queue, lines)
      local named = {}
      for _, line in ipairs(lines) do
        for _, limit in ipairs(not state_of(queue, line) and parts_of(line).limits or {}) do
          named[#named + 1] = limit
        end
      end
      limits.prefetch(named)
      for _, line in ipairs(lines) do
        local state, first = state_of(queue, line), firsts[line]
        local is_behind = state and not kept[line]
          and (parts_of(line).tenant or (decoded(state)) <= tonumber(string.sub(first, #line + 2, #line + 14)))
        local is_ready = is_behind and state < WAITS
        if not is_behind then
          local head = state and own.first_of(queue, line)[1]
          is_ready = settle(queue, line, head and head < first and head or first, false)
        end
        may_start = may_start or is_ready
      end
      -- behind all that may find a foreign key
      for first = 1, #entries, 4000 do
        redis.call('ZADD', queue.held, unpack(entries, first, math.min(first + 3999, #entries)))
      end
      return may_start
    end)
  end

  -- A task has left a line, or cannot start: `next` is the head of the line now, nil for none. What the line was woken for may be free for
  -- others.
  function own.go_on(queue, line, next, was_given)
    together(next and settle or vanish, queue, line, next or was_given, was_given)
    for _, limit in ipairs(parts_of(line).limits) do
      own.nudge(limit)
    end
  end

  -- Takes a task out of its line.
  function own.take_out(queue, entry)
    removed[queue.name] = removed[queue.name] or {}
    table.insert(removed[queue.name], entry)
  end

  -- Slots are free.
  local function free(named)
    limits.prefetch(named)
    for _, limit in ipairs(named) do
      limits.give_up(limit)
    end
    for _, limit in ipairs(named) do
      own.nudge(limit)
    end
  end

  function own.free(named)
    together(free, named)
  end

  -- The keys in clear are kept while a task with them runs or waits, or has just been woken.
  function own.forget_labels(named, queue, line)
    if has_labels == nil then
      has_labels = redis.call('EXISTS', keys.limit_labels) == 1
    end
    if not has_labels then
      return
    end
    local labels = {}
    for _, limit in ipairs(named) do
      local waits = waited[limit]
        or any_waiters() and redis.call('ZRANGEBYLEX', keys.waiters, '[' .. limit, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
      if not waits and not limits.is_held(limit) and not (queue.held and own.first_of(queue, line)[1]) then
        labels[#labels + 1] = limit
      end
    end
    if #labels > 0 then
      redis.call('HDEL', keys.limit_labels, unpack(labels))
    end
  end

  return own
end

-- A script makes them once, and they get to know all queues whose keys it has.
local LINES_MADE = {}
local function shared_lines(keys, queues)
  LINES_MADE[1] = LINES_MADE[1] or lines_with(keys, {})
  LINES_MADE[1].meet(queues)
  return LINES_MADE[1]
end
