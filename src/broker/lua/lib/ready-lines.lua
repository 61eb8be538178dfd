-- The states of lines: which may start, which wait for a limit, and what wakes those.

-- So many lines are woken in one script; promoters wake the rest.
local MOST_WOKEN = 20

-- Starts at a high rate are woken together, in ms.
local PACE = 5

-- What a script has read of lines and has changed, by the names of queues: states of members of `ready:<queue>`, which of them are to be
-- written, and entries that have left `held:<queue>`. It is written when the outermost change ends, see `change_at_once`.
local LINES = { depth = 0, has_waiters = nil, on_ready = nil }
local STATES = {}
local STATES_CHANGED = {}
local REMOVED = {}
-- The queues whose keys the script has, by name: lines of others are left to promoters, which look at WITHOUT_KEYS.
local QUEUES_MET = {}
local WITHOUT_KEYS = {}
-- Limits for which some wait.
local WAITED = {}

-- Before all else about lines.
local function use_lines(keys, queues)
  use_limits(keys)
  for name, queue in pairs(queues) do
    QUEUES_MET[name] = QUEUES_MET[name] or queue
  end
end

-- Writes which tasks of a queue have left their lines, and the states of lines.
local function flush_lines(queue)
  local gone, added, lost = REMOVED[queue.name] or {}, {}, {}
  REMOVED[queue.name] = nil
  if #gone > 0 then
    redis.call('ZREM', queue.held, unpack(gone))
  end
  for member in pairs(STATES_CHANGED[queue.name] or {}) do
    local state = STATES[queue.name][member]
    if state then
      added[#added + 1] = state
      added[#added + 1] = member
    else
      lost[#lost + 1] = member
    end
  end
  STATES_CHANGED[queue.name] = nil
  if #added > 0 then
    redis.call('ZADD', queue.ready, unpack(added))
  end
  if #lost > 0 then
    redis.call('ZREM', queue.ready, unpack(lost))
    if redis.call('EXISTS', queue.held) == 0 and redis.call('ZCOUNT', queue.ready, text(LISTED), '+inf') == 0 then
      redis.call('UNLINK', queue.ready)
      STATES[queue.name] = nil
    end
  end
end

-- Runs something, and writes what it has changed unless something around it goes on.
local function change_at_once(run, ...)
  LINES.depth = LINES.depth + 1
  local result = run(...)
  LINES.depth = LINES.depth - 1
  if LINES.depth == 0 then
    if next(CHANGED) then
      flush_limits()
    end
    for _, queue in pairs(QUEUES_MET) do
      if STATES_CHANGED[queue.name] or REMOVED[queue.name] then
        flush_lines(queue)
      end
    end
  end
  return result
end

-- Mostly nothing waits, and then nothing is woken.
local function any_waiters()
  if LINES.has_waiters == nil then
    LINES.has_waiters = redis.call('EXISTS', LIMITS.keys.waiters) == 1
  end
  return LINES.has_waiters
end

-- The states of members of `ready:<queue>`, many at once.
local function read_states(queue, members)
  local known, missing = STATES[queue.name] or {}, {}
  STATES[queue.name] = known
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

-- The same of lines, and their marks. Those of tenants have none.
local function read_lines(queue, lines)
  local members = {}
  for _, line in ipairs(lines) do
    members[#members + 1] = line
    if #line % 27 == 0 then
      members[#members + 1] = mark_of(line)
    end
  end
  read_states(queue, members)
end

local function state_of(queue, member)
  local known = STATES[queue.name]
  if not known or known[member] == nil then
    read_lines(queue, { member })
  end
  return STATES[queue.name][member]
end

local function put_state(queue, member, state)
  local known, changed = STATES[queue.name] or {}, STATES_CHANGED[queue.name] or {}
  STATES[queue.name], STATES_CHANGED[queue.name] = known, changed
  known[member], changed[member] = state, true
end

-- The first lines of a queue that may start, from one state to another, and their states.
local function ready_lines(queue, from, till, count)
  if STATES_CHANGED[queue.name] then
    flush_lines(queue)
  end
  local found = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'WITHSCORES', 'LIMIT', 0, count)
  local known, lines = STATES[queue.name] or {}, {}
  STATES[queue.name] = known
  for i = 1, #found, 2 do
    lines[#lines + 1] = found[i]
    known[found[i]] = tonumber(found[i + 1])
  end
  return lines
end

-- A promoter looks at this entry at that time, or before.
local function look_at(entry, at)
  local is_news = redis.call('ZADD', LIMITS.keys.paced, 'LT', 'CH', at, entry) == 1
  if is_news and LIMITS.keys.alarm and redis.call('ZRANGE', LIMITS.keys.paced, 0, 0)[1] == entry then
    ring(LIMITS.keys.alarm)
  end
end

-- It looks whether tasks that wait for this limit may start.
local function pace_limit(limit, at)
  local rule = rule_of(limit)
  if rule.interval and at > LIMITS.now then
    at = math.max(at, LIMITS.now + math.min(PACE, math.floor(rule.burst * rule.interval / 2000)))
  end
  look_at(limit, text(at))
end

-- The first tasks of a line, as they lie there.
local function first_in_line(queue, line, count)
  for _, entry in ipairs(REMOVED[queue.name] or {}) do
    if string.sub(entry, 1, #line + 1) == line .. ' ' then
      flush_lines(queue)
      break
    end
  end
  return entries_of(queue, line, count)
end

-- Whether the head of a line keeps a slot of the limit for which it waits.
local function keeps_head(queue, line, limit)
  local head = queue.held and first_in_line(queue, line)[1]
  return head and keeps_slot(message_in_line(head), limit)
end

local function waiter_of(queue, line, order, limit)
  local kind = tenant_of(line) and 'f' or 'a'
  return limit .. queue.name .. ' ' .. kind .. string.format('%013.0f', order) .. ' ' .. line
end

-- The order of a line by its state, and the index of the limit for which it waits.
local function decoded_state(state)
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
  local next = math.max(anew, last and last + TURN or 0)
  if next == anew then
    put_state(queue, '~+', TAGS + anew)
  end
  put_state(queue, '~' .. tenant, TAGS + next)
  return next
end

-- A line waits no more for what it waited for.
local function forget_waiter(queue, line, state)
  if state and state >= WAITS then
    local order, index = decoded_state(state)
    redis.call('ZREM', LIMITS.keys.waiters, waiter_of(queue, line, order, limit_at(line, index)))
  end
end

-- What keeps the head of a line from its start, or, without one, its task in the list: the index of a limit, and when that opens, if time alone opens it.
local function blocked_by(line, head)
  local keeps_any = head and string.sub(head, #line + 2, #line + 14) == FIRST
  for index = 0, #line / 27 - 1 do
    local limit = limit_at(line, index)
    local room, opens = room_of(limit, keeps_any and keeps_slot(message_in_line(head), limit))
    if room == 0 then
      return index, opens
    end
  end
end

-- Whether a line waits behind its task in the list, which came before its head; `head` is nil where it has none. Its mark says so.
local function is_behind_listed(queue, line, head)
  local mark = state_of(queue, mark_of(line))
  if not mark then
    return false
  end
  local turn = mark >= BEHIND and mark - BEHIND or mark - LISTED
  local is_behind = head and turn <= tonumber(string.sub(head, #line + 2, #line + 14))
  local its = (is_behind and BEHIND or LISTED) + turn
  if its ~= mark then
    put_state(queue, mark_of(line), its)
  end
  return is_behind
end

-- A line has no state, as no task of it is next.
local function drop_state(queue, line)
  local before = state_of(queue, line)
  if before then
    forget_waiter(queue, line, before)
    put_state(queue, line, false)
  end
  return before
end

-- Gives a line the state that its head has now. `was_given` says that one of its tasks was just given to a child. Returns whether it may
-- start.
local function settle_line(queue, line, head, was_given)
  local before, tenant = state_of(queue, line), tenant_of(line)
  if not tenant and is_behind_listed(queue, line, head) then
    drop_state(queue, line)
    return false
  end
  local order = not tenant and tonumber(string.sub(head, #line + 2, #line + 14)) or before and decoded_state(before)
  if tenant and was_given then
    note_given(queue, order)
  end
  if tenant and string.sub(head, #line + 2, #line + 14) == FIRST then
    -- one that keeps a slot is the next: it comes first among those that wait, so that it is found there
    order = 0
  elseif tenant and (was_given or not before) then
    order = next_tag(queue, tenant)
  end
  local index, opens = blocked_by(line, head)
  local state = index and WAITS + 4 * order + index or tenant and FAIR + order or order
  if state ~= before then
    forget_waiter(queue, line, before)
    put_state(queue, line, state)
    if index then
      redis.call('ZADD', LIMITS.keys.waiters, 0, waiter_of(queue, line, order, limit_at(line, index)))
      LINES.has_waiters = true
    end
  end
  if LINES.on_ready and not index and (state ~= before or was_given) then
    LINES.on_ready(queue, state)
  end
  if opens then
    pace_limit(limit_at(line, index), opens)
  end
  return not index
end

-- A line has no task any more.
local function vanish_line(queue, line, was_given)
  local before, tenant = drop_state(queue, line), tenant_of(line)
  if not tenant then
    is_behind_listed(queue, line)
  elseif before and was_given then
    note_given(queue, (decoded_state(before)))
  end
end

-- Looks at a line anew. Returns whether it may start.
local function refresh_line(queue, line)
  local head = first_in_line(queue, line)[1]
  if head then
    return settle_line(queue, line, head, false)
  end
  vanish_line(queue, line, false)
  return false
end

-- A new task that is older than this, in ms, has its place among others by its time.
local FRESH = 1000

-- Whether a new task of a line with limits alone may lie in the list of its queue. Where tasks wait for one of its limits it may not: very many would lie in front of those that may start. `marks` are
-- those of the tasks that the script puts there, by their marks, and the same for Redis.
local function may_list(queue, line, turn, marks)
  local mark = mark_of(line)
  if turn < LIMITS.now - FRESH or marks[mark] then
    return false
  end
  -- what the script has changed is not yet written
  local known = STATES[queue.name] and { state_of(queue, line), state_of(queue, mark) }
    or redis.call('ZMSCORE', queue.ready, line, mark)
  if known[1] or known[2] or any_waiters() and is_any_waited_for(line) then
    return false
  end
  marks[mark] = LISTED + turn
  marks[#marks + 1] = marks[mark]
  marks[#marks + 1] = mark
  return true
end

-- Marks of tasks of which others of the same command may wait behind them: they are written with those.
local function put_marks(queue, marks)
  for i = 2, #marks, 2 do
    put_state(queue, marks[i], marks[marks[i]])
  end
end

-- Writes marks, of which there is one at least.
local function note_marks(queue, marks)
  redis.call('ZADD', queue.ready, unpack(marks))
  local known = STATES[queue.name]
  for i = 2, known and #marks or 0, 2 do
    known[marks[i]] = marks[marks[i]]
  end
end

-- The task of a line has left the list. Returns whether a task behind it may start.
local function unlist(queue, line)
  local member = mark_of(line)
  local mark = state_of(queue, member)
  if not mark then
    return false
  end
  put_state(queue, member, false)
  return mark >= BEHIND and refresh_line(queue, line)
end

-- Tags that are a turn behind say nothing.
local function forget_tags(queue)
  local given = tag_at(queue, '~')
  local old = given and ready_lines(queue, text(TAGS), '(' .. text(TAGS + given - TURN), 20) or {}
  for _, member in ipairs(old) do
    put_state(queue, member, false)
  end
end

-- A queue waits as a whole for its limit.
local function wait_as_queue(queue, limit)
  redis.call('ZADD', LIMITS.keys.waiters, 0, waiting_queue(queue, limit))
  LINES.has_waiters = true
  local _, opens = room_of(limit)
  if opens then
    pace_limit(limit, opens)
  end
end

-- Wakes those that wait for a limit, in each queue the first of each kind that may start: one of them takes what is free, and wakes the
-- next.
local function nudge_within(limit)
  local from, woken = '[' .. limit, 0
  while LINES.has_waiters do
    local found = redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, from, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    WAITED[limit] = true
    local name, kind, order, line = string.match(string.sub(found, 28), '^(%S+) (%l)(%d+) (%S+)$')
    local queue = QUEUES_MET[name or '']
    local is_ordered = rule_of(limit).ordered
    -- whether its head may keep a slot, also of a limit that is ordered no more
    local may_keep = line ~= '*' and order == FIRST
    local room, opens = room_of(limit, may_keep and queue and keeps_head(queue, line, limit))
    if opens then
      pace_limit(limit, opens)
    end
    if room == 0 and not opens and may_keep and not queue then
      WITHOUT_KEYS[name] = true
      pace_limit(limit, LIMITS.now)
    end
    if room == 0 and (opens or not is_ordered or woken == MOST_WOKEN) then
      return
    elseif woken == MOST_WOKEN then
      return pace_limit(limit, LIMITS.now)
    end
    woken = woken + 1
    local is_awake = true
    if room == 0 then
      -- another line may keep the slot, and is the next
      from = (order == FIRST or not name) and '(' .. found or '[' .. limit .. name .. ' ' .. (kind == 'a' and 'b' or '~')
    elseif queue and queue.held and queue.bell then
      redis.call('ZREM', LIMITS.keys.waiters, found)
      is_awake = line == '*' or refresh_line(queue, line)
      if is_awake then
        ring(queue.bell)
      end
    elseif name then
      WITHOUT_KEYS[name] = true
      pace_limit(limit, LIMITS.now)
    else
      redis.call('ZREM', LIMITS.keys.waiters, found)
    end
    if room > 0 and is_awake and name then
      from = '[' .. limit .. name .. ' ' .. (kind == 'a' and line ~= '*' and 'b' or '~')
    end
  end
end

local function nudge(limit)
  if any_waiters() then
    change_at_once(nudge_within, limit)
  end
end

-- The same for all keys of a limit, so many at once. `from` is the last key of the call before, or ''.
local function nudge_all(name, from)
  local next = from == '' and '[' .. name or '[' .. from .. '~'
  for _ = 1, MOST_WOKEN do
    local found = redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, next, '(' .. name .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    from = string.sub(found, 1, 27)
    nudge(from)
    next = '[' .. from .. '~'
  end
  look_at('*' .. name .. from, text(LIMITS.now))
end

-- A rule has changed: what waits for it may go on.
local function apply_rule(field)
  forget_rules()
  if #field == 28 then
    nudge(string.sub(field, 1, 27))
  else
    nudge_all(string.sub(field, 1, 6), '')
  end
end

-- Sets something for a limit or a key, until a time in ms if it has one.
local function set_entry(field, value, ends)
  if redis.call('HSET', LIMITS.keys.limits, field, value) == 1 and #field == 28 then
    redis.call('HINCRBY', LIMITS.keys.limits, string.sub(field, 1, 6) .. '*', 1)
  end
  redis.call('ZREM', LIMITS.keys.paced, '!' .. field)
  if ends then
    look_at('!' .. field, ends)
  end
  change_at_once(apply_rule, field)
end

-- What was set for a limit or a key is over. Returns whether something was.
local function end_entry(field)
  local was_set = redis.call('HDEL', LIMITS.keys.limits, field)
  if was_set == 1 and #field == 28 then
    local star = string.sub(field, 1, 6) .. '*'
    if redis.call('HINCRBY', LIMITS.keys.limits, star, -1) <= 0 then
      redis.call('HDEL', LIMITS.keys.limits, star)
    end
  end
  change_at_once(apply_rule, field)
  return was_set
end

-- Starts nothing with a key for so long; a stop that lasts longer stays.
local function stop_limit(limit, ms)
  local field, ends = limit .. '.', LIMITS.now + ms
  if ends > (noted(redis.call('HGET', LIMITS.keys.limits, field)) or 0) then
    set_entry(field, text(ends), text(ends))
  end
end

-- Carries out what is due in `paced`. Returns the ms at which more is.
local function keep_pace()
  change_at_once(function()
    for _, entry in ipairs(redis.call('ZRANGEBYSCORE', LIMITS.keys.paced, '-inf', text(LIMITS.now), 'LIMIT', 0, 100)) do
      redis.call('ZREM', LIMITS.keys.paced, entry)
      local kind, rest = string.sub(entry, 1, 1), string.sub(entry, 2)
      if kind == '!' then
        end_entry(rest)
      elseif kind == '*' then
        nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))
      else
        nudge(entry)
      end
    end
  end)
  return tonumber(redis.call('ZRANGE', LIMITS.keys.paced, 0, 0, 'WITHSCORES')[2])
end

-- The queues in which a line waits that could not be woken here.
local function unreached_queues()
  local names = {}
  for name in pairs(WITHOUT_KEYS) do
    names[#names + 1] = name
  end
  return names
end

local function add_within(queue, entries, lines, keeps)
  local distinct, firsts, kept, scored, may_start = {}, {}, {}, {}, false
  for i, entry in ipairs(entries) do
    local line = lines[i]
    local first = firsts[line]
    if not first then
      distinct[#distinct + 1] = line
    end
    firsts[line] = first and first < entry and first or entry
    kept[line] = kept[line] or keeps[i]
    scored[2 * i - 1], scored[2 * i] = 0, entry
  end
  -- reads come first: a foreign key is found before anything is written
  read_lines(queue, distinct)
  local states, named = STATES[queue.name], {}
  for _, line in ipairs(distinct) do
    if not states[line] and not states[mark_of(line)] then
      for index = 0, #line / 27 - 1 do
        named[#named + 1] = limit_at(line, index)
      end
    end
  end
  read_limits(named)
  for _, line in ipairs(distinct) do
    local state, first = states[line], firsts[line]
    local is_behind = state and not kept[line]
      and (tenant_of(line) or (decoded_state(state)) <= tonumber(string.sub(first, #line + 2, #line + 14)))
    local is_ready = is_behind and state < WAITS
    if not is_behind then
      local head = state and first_in_line(queue, line)[1]
      is_ready = settle_line(queue, line, head and head < first and head or first, false)
    end
    may_start = may_start or is_ready
  end
  -- behind all that may find a foreign key
  for first = 1, #scored, 4000 do
    redis.call('ZADD', queue.held, unpack(scored, first, math.min(first + 3999, #scored)))
  end
  return may_start
end

-- Tasks come into their lines: entries of `held:<queue>`, beside them their lines, and which of them keep a slot. Returns whether one of
-- these may start.
local function add_to_lines(queue, entries, lines, keeps)
  return change_at_once(add_within, queue, entries, lines, keeps)
end

-- A task has left a line, or cannot start: `next` is the head of the line now, nil for none. What the line was woken for may be free for
-- others. Returns whether the line may start: its limit may be open by now, and no promoter has seen it.
local function go_on(queue, line, next, was_given)
  local may_start = change_at_once(next and settle_line or vanish_line, queue, line, next or was_given, was_given)
  for index = 0, #line / 27 - 1 do
    nudge(limit_at(line, index))
  end
  return may_start
end

-- Takes a task out of its line.
local function take_out(queue, entry)
  REMOVED[queue.name] = REMOVED[queue.name] or {}
  table.insert(REMOVED[queue.name], entry)
end

-- Slots are free.
local function free_within(named)
  read_slots(named)
  for _, limit in ipairs(named) do
    give_up_slot(limit)
  end
  for _, limit in ipairs(named) do
    nudge(limit)
  end
end

local function free_slots(named)
  change_at_once(free_within, named)
end

-- Whether a task waits for a limit, or has just been woken.
local function is_waited_for(limit)
  return WAITED[limit]
    or any_waiters() and redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, '[' .. limit, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
end

local function is_any_waited_for(line)
  for index = 0, #line / 27 - 1 do
    if is_waited_for(limit_at(line, index)) then
      return true
    end
  end
  return false
end

-- The keys in clear are kept while a task with them runs or waits. `lines` are those that tasks of a queue have left.
local function forget_labels(queue, lines)
  if #lines == 0 or redis.call('EXISTS', LIMITS.keys.limit_labels) == 0 then
    return
  end
  read_lines(queue, lines)
  local labels, states = {}, STATES[queue.name]
  for _, line in ipairs(lines) do
    if not states[line] and not states[mark_of(line)] then
      for index = 0, #line / 27 - 1 do
        local limit = limit_at(line, index)
        if not is_held(limit) and not is_waited_for(limit) then
          labels[#labels + 1] = limit
        end
      end
    end
  end
  if #labels > 0 then
    redis.call('HDEL', LIMITS.keys.limit_labels, unpack(labels))
  end
end
