-- Batches and flows, see docs/results-and-flows.md: a task with the tag `g` is a member of one. Each way out of a task counts it here
-- once, behind the end of its claim or its removal, and hands over what waited for that.
--
-- The hash `groups` has for each group, `<g>` being its id:
--   `<g>`                kind (`b`, `f`), policy (`fail`, `end`), state, then open, total, done, dead, deleted, dropped, cancelled,
--                        bad, held
--   `<g> about`          its name as JSON, a newline, more JSON of its sender
--   `<g> culprit`        JSON: the first member that failed; its error is as its report has it, sealed or not
--   `<g> done`, `failed` of a batch: `<queue> <message>` of the task to send then; gone when it was sent
--   `<g> next`           of a flow: the number of its next node
--   `<g> n<number>`      of a flow: a node, as NODE reads it
--   `<g> d<number>`      of a flow: the numbers of the nodes that wait for this one
--   `<task id>`          of a flow: `<queue> <message>` of a node that waits for others
--
-- `open` is 1 until the group is sealed, and the members that have not ended; `held` of them are dead, and may be sent again; `bad` are
-- the failures that nothing makes up for.
local GROUP = '^(%l) (%l+) (%l+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'

-- A node: state, how many it waits for, what becomes of it when one of those fails (`fail`, `end`), 1 if all that wait for it have the
-- policy `end`, 1 if those were told of its death or cancellation, id, queue, name of its task.
local NODE = '^(%l+) (%d+) (%l+) (%d) (%d) (%w+) (%S+) (.*)$'

-- Groups that have ended are kept for a day, in ms, and so many of them.
local ENDED_KEPT = 86400000
local MOST_ENDED = 10000

-- So many nodes are looked at in one script.
local NODES_AT_ONCE = 200

-- The group of a message, and its number there.
local function member_of(message)
  local member = has_more_tags(message) and tag(message, 'g')
  if member and string.find(member, '^[0-9a-z]+$') then
    return string.sub(member, 1, 20), tonumber(string.sub(member, 21), 36)
  end
end

-- Whether nothing of a group in this state starts any more, and nothing that failed is waited for.
local function is_over(state)
  return state == 'cancelled' or state == 'expired'
end

-- Whether a group lets no more of its members start.
local function is_stopped(groups, id)
  local stored = redis.pcall('HGET', groups, id)
  return type(stored) == 'string' and is_over(string.match(stored, '^%l %l+ (%l+)'))
end

-- Found before the first write. Mostly there is no group.
local function wrong_groups(keys)
  if redis.call('EXISTS', keys.groups) == 1 then
    return wrong_type('hash', keys.groups) or wrong_type('zset', keys.group_times, keys.groups_ended)
      or wrong_type('list', keys.released)
  end
end

-- No more bytes than that, and no part of a character: a message that is no UTF-8 is another one for those who have read it.
local function shortened(value, most)
  while most > 0 and #value > most and string.find(string.sub(value, most + 1, most + 1), '[\128-\191]') do
    most = most - 1
  end
  return string.sub(value, 1, most)
end

-- The functions of groups, made only where there is one: Redis makes each anew in every run of a script. `queues` are those whose
-- keys the script has, by name: into others the promoter moves what is handed over.
local function groups_of(keys, queues)
  local own, now = {}, text(now_ms())

  local function hand_on(order)
    redis.call('RPUSH', keys.released, order)
    ring(keys.alarm)
  end

  function own.read(id)
    local stored = redis.call('HGET', keys.groups, id)
    local kind, policy, state, open, total, done, dead, deleted, dropped, cancelled, bad, held
      = string.match(stored or '', GROUP)
    return kind and {
      id = id, kind = kind, policy = policy, state = state, open = tonumber(open), total = tonumber(total), done = tonumber(done),
      dead = tonumber(dead), deleted = tonumber(deleted), dropped = tonumber(dropped), cancelled = tonumber(cancelled),
      bad = tonumber(bad), held = tonumber(held),
    }
  end

  function own.write(group)
    redis.call('HSET', keys.groups, group.id, string.format('%s %s %s %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f',
      group.kind, group.policy, group.state, group.open, group.total, group.done, group.dead, group.deleted, group.dropped,
      group.cancelled, group.bad, group.held))
  end

  -- What a callback gets, as JSON.
  local function status_of(group)
    local about, culprit = unpack(redis.call('HMGET', keys.groups, group.id .. ' about', group.id .. ' culprit'))
    local failed = group.dead + group.deleted
    local waiting = group.total - group.done - failed - group.dropped - group.cancelled
    local counts = string.format('"total":%.0f,"done":%.0f,"failed":%.0f,"dropped":%.0f,"cancelled":%.0f,"waiting":%.0f',
      group.total, group.done, failed, group.dropped, group.cancelled, waiting)
    local name = string.match(about or '', '^(".*")\n') or '""'
    return '{"id":"' .. group.id .. '","name":' .. name .. ',"state":"' .. group.state .. '",' .. counts
      .. (culprit and ',"culprit":' .. culprit or '') .. '}'
  end

  -- A task in its queue: it has waited there since now.
  local stamp
  local function begun(message)
    stamp = stamp or base36(tonumber(now), 9)
    return string.sub(message, 1, 25) .. stamp .. string.sub(message, 35)
  end

  -- Tasks that waited, `<queue> <message>`, come to their queues in their order, those of one queue together.
  function own.send(entries)
    local together = {}
    for _, entry in ipairs(entries) do
      local name, message = split(entry)
      local queue = queues[name]
      local line = queue and may_have_limits(message) and line_of(message)
      -- found by the promoter, too, which keeps the order until somebody has removed the foreign key
      local has_keys = queue and queue.pending and queue.bell
        and (not line or keys.limits and queue.held and not wrong_lines(keys, { queue }))
      if has_keys then
        together[name] = together[name] or {}
        table.insert(together[name], begun(message))
      else
        hand_on('+ ' .. name .. ' ' .. begun(message))
      end
    end
    for name, messages in pairs(together) do
      enlist_new(keys, queues, queues[name], messages)
    end
  end

  -- Takes a task out of the hash. Only the script that has removed it may send or bury it.
  local function take(field)
    local entry = redis.call('HGET', keys.groups, field)
    return entry and redis.call('HDEL', keys.groups, field) == 1 and entry or nil
  end

  -- A callback with its status, for which its sender has left a place.
  local function with_status(group, entry)
    local first, last = string.find(entry, ',["$"]', 1, true)
    return first and string.sub(entry, 1, first) .. '[' .. status_of(group) .. string.sub(entry, last) or entry
  end

  local function call_back(group, which)
    local entry = take(group.id .. ' ' .. which)
    if entry then
      own.send({ with_status(group, entry) })
    end
  end

  -- Everything has ended.
  local function close(group)
    if group.state == 'open' or group.state == 'failed' then
      group.state = group.bad > 0 and 'failed' or 'done'
    end
    own.write(group)
    redis.call('ZREM', keys.group_times, group.id .. ' deadline')
    redis.call('ZADD', keys.groups_ended, now, group.id)
    if redis.call('ZCARD', keys.groups_ended) > MOST_ENDED + 100 then
      hand_on('f')
    end
    if group.kind == 'b' and group.state == 'done' then
      call_back(group, 'done')
      redis.call('HDEL', keys.groups, group.id .. ' failed')
    elseif group.kind == 'b' then
      local entry = take(group.id .. ' done')
      if entry and group.state ~= 'cancelled' then
        -- somebody may let it run all the same
        hand_on('! ' .. with_status(group, entry))
      end
    end
  end

  function own.settle(group)
    if group.open <= 0 then
      close(group)
    else
      own.write(group)
    end
  end

  -- It is over for the group, at once: a member has failed for good, its time is over, or somebody has cancelled it.
  function own.fail(group, state)
    group.state = state
    own.write(group)
    if group.kind == 'b' then
      call_back(group, 'failed')
    end
  end

  local function node_at(group, number)
    local stored = redis.call('HGET', keys.groups, group.id .. ' n' .. text(number))
    local state, waits, policy, covered, told, id, queue, name = string.match(stored or '', NODE)
    return state and {
      number = number, state = state, waits = tonumber(waits), policy = policy, covered = covered, told = told, id = id, queue = queue,
      name = name,
    }
  end

  local function write_node(group, node)
    redis.call('HSET', keys.groups, group.id .. ' n' .. text(node.number), table.concat({
      node.state, text(node.waits), node.policy, node.covered, node.told, node.id, node.queue, node.name,
    }, ' '))
  end

  -- A node no longer waits for one of those before it. Failures reach those with the policy `end` as an end; for others they are for good:
  -- a death, which may yet be mended, does not reach them.
  local function reach(group, node, how)
    local goes_on = how == 'done' or node.policy == 'end'
    if node.state ~= 'waiting' then
      return
    elseif goes_on then
      node.waits = node.waits - 1
    end
    local entry = (not goes_on or node.waits <= 0) and take(node.id)
    if entry then
      node.state = goes_on and 'ready' or 'failing'
    end
    write_node(group, node)
    if entry and goes_on then
      own.send({ entry })
    elseif entry then
      hand_on('! ' .. entry)
    end
  end

  -- Reaches those that wait for a node, `which` of them: `all`, or those whose policy is `fail` or `end`.
  function own.reach_all(group, number, how, which, from)
    local waiting = redis.call('HGET', keys.groups, group.id .. ' d' .. text(number))
    if not waiting then
      return
    end
    local at, looked = from, 0
    while at <= #waiting and looked < NODES_AT_ONCE do
      local next = string.find(waiting, ',', at, true) or #waiting + 1
      local other = tonumber(string.sub(waiting, at, next - 1))
      local node = other and node_at(group, other)
      if node and (which == 'all' or node.policy == which) then
        reach(group, node, how)
      end
      at, looked = next + 1, looked + 1
    end
    if at <= #waiting then
      hand_on(table.concat({ '>', group.id, text(number), how, which, text(at) }, ' '))
    end
  end

  -- A node has ended. Returns whether nothing hangs on how: all that waited for it go on without it.
  local function end_node(group, number, how)
    local node = node_at(group, number)
    if not node then
      return false
    end
    local told = node.told == '1'
    -- those that wait for it may be missing yet: the start of the flow reaches them
    local early = how == 'cancelled' and redis.call('ZSCORE', keys.group_times, group.id .. ' unsealed')
    node.state = how
    if how == 'dead' or how == 'cancelled' and not early then
      node.told = '1'
    end
    write_node(group, node)
    if early then
      return node.covered == '1'
    end
    if how == 'dead' and not told then
      own.reach_all(group, number, how, 'end', 1)
    elseif how ~= 'dead' then
      own.reach_all(group, number, how, told and 'fail' or 'all', 1)
    end
    return node.covered == '1'
  end

  -- A member has left: `done`, `dead`, `dropped`, `cancelled`, or `deleted` from the dead.
  function own.left(message, how, report)
    local id, number = member_of(message)
    local group = own.read(id)
    -- of a group that was forgotten nobody waits for anything
    if not group or group.open <= 0 then
      return
    end
    local covered = group.policy == 'end'
    if group.kind == 'f' then
      covered = end_node(group, number, how)
    end
    covered = covered or is_over(group.state)
    group[how] = group[how] + 1
    if how == 'dead' and not covered then
      group.held = group.held + 1
    elseif how == 'deleted' then
      group.dead = group.dead - 1
      group.held = group.held - (covered and 0 or 1)
      group.open = group.open - (covered and 0 or 1)
    else
      group.open = group.open - 1
    end
    local is_failure = how ~= 'done' and how ~= 'deleted' and not covered
    group.bad = group.bad + (is_failure and 1 or 0)
    if is_failure then
      local known, told = pcall(cjson.decode, report or '')
      local cause = known and type(told.error) == 'string' and told.error or nil
      -- a seal opens only whole: it is of an error that has 2,000 characters at most
      local most = cause and string.sub(cause, 1, 6) == '{"s":"' and 8192 or 500
      redis.call('HSETNX', keys.groups, id .. ' culprit', cjson.encode({
        id = string.sub(message, 1, 20),
        task = string.match(message, '^%["([%w_.:$-]+)",', body_start(message)) or 'other',
        how = how,
        code = known and told.code or nil,
        error = cause and shortened(cause, most) or nil,
      }))
      if group.state == 'open' then
        own.fail(group, 'failed')
      end
    end
    own.settle(group)
  end

  -- A dead member is sent again. Returns whether it still counts: a group that has ended, or was stopped, goes on without it.
  function own.redriven(message)
    local id, number = member_of(message)
    local group = own.read(id)
    if not group or group.open <= 0 then
      return false
    end
    if is_over(group.state) then
      own.left(message, 'deleted')
      return false
    end
    local node = group.kind == 'f' and node_at(group, number)
    local covered = group.policy == 'end' or node and node.covered == '1'
    if node then
      node.state = 'ready'
      write_node(group, node)
    end
    group.dead = group.dead - 1
    group.open = group.open + (covered and 1 or 0)
    group.held = group.held - (covered and 0 or 1)
    group.bad = group.bad - (covered and 0 or 1)
    if group.bad <= 0 and group.state == 'failed' then
      group.state = 'open'
      redis.call('HDEL', keys.groups, id .. ' culprit')
    end
    own.write(group)
    return true
  end

  -- Whether the node that adds others still runs; true for none.
  function own.runs(group, number)
    local node = number ~= '' and node_at(group, tonumber(number))
    return number == '' or node and node.state == 'ready'
  end

  -- Those that wait for a running node: their numbers, how many they are, and whether all of them go on after a failure.
  function own.behind(group, number)
    local waiting = redis.call('HGET', keys.groups, group.id .. ' d' .. text(number)) or ''
    local _, count = string.gsub(waiting, '%d+', '')
    return waiting, count, node_at(group, number).covered
  end

  -- They wait for so many more nodes.
  function own.hang_on(group, waiting, more)
    for number in string.gmatch(waiting, '%d+') do
      local node = node_at(group, tonumber(number))
      if node then
        node.waits = node.waits + more
        write_node(group, node)
      end
    end
  end

  -- Walks over the nodes of a flow from `from` on. Returns where to go on; nothing at the end.
  function own.walk(group, from, visit)
    local next = tonumber(redis.call('HGET', keys.groups, group.id .. ' next') or 0)
    local last = math.min(next, from + NODES_AT_ONCE)
    for number = from, last - 1 do
      local node = node_at(group, number)
      if node then
        visit(node)
      end
    end
    return last < next and last or nil
  end

  -- Sends the nodes that wait for nothing, and reaches those that wait for one that was cancelled before.
  function own.start(group, from)
    local next = own.walk(group, from, function(node)
      if node.state == 'cancelled' and node.told == '0' then
        node.told = '1'
        write_node(group, node)
        own.reach_all(group, node.number, 'cancelled', 'all', 1)
      end
      local entry = node.state == 'waiting' and node.waits <= 0 and take(node.id)
      if entry then
        node.state = 'ready'
        write_node(group, node)
        own.send({ entry })
      end
    end)
    if next then
      hand_on('= ' .. group.id .. ' ' .. text(next))
    end
  end

  -- Ends the nodes that have not started. Returns them as `<queue> <message>`.
  function own.end_waiting(group, from)
    local ended = {}
    local next = own.walk(group, from, function(node)
      local entry = node.state == 'waiting' and take(node.id)
      if entry then
        node.state = 'cancelled'
        write_node(group, node)
        ended[#ended + 1] = entry
      end
    end)
    local current = own.read(group.id)
    current.cancelled = current.cancelled + #ended
    current.open = current.open - #ended
    own.settle(current)
    if next then
      hand_on('x ' .. group.id .. ' ' .. text(next))
    end
    return ended
  end

  -- No more comes from its sender. Returns whether that is news.
  local function end_filling(group)
    local is_news = redis.call('ZREM', keys.group_times, group.id .. ' unsealed') == 1
    group.open = group.open - (is_news and 1 or 0)
    return is_news
  end

  -- Nobody starts any more of its members: somebody cancelled it, or its time is over. `broadcasts` is the stream that reaches those that
  -- run.
  function own.stop(group, state, broadcasts, kept)
    end_filling(group)
    group.open, group.held = group.open - group.held, 0
    own.fail(group, state)
    redis.call('ZREM', keys.group_times, group.id .. ' deadline')
    redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'cancel', 'id', group.id)
    if group.kind == 'f' then
      hand_on('x ' .. group.id .. ' 0')
    end
    own.settle(group)
  end

  -- Its sender has added all, or has gone before that: what a batch has goes on. Returns whether that is news.
  function own.seal(group, abandoned)
    if not end_filling(group) then
      return false
    end
    if abandoned then
      own.fail(group, 'abandoned')
    end
    own.settle(group)
    return true
  end

  -- Forgets a group that has ended. Returns how many fields that were.
  function own.forget(id, from)
    local fields = { id, id .. ' about', id .. ' culprit', id .. ' done', id .. ' failed', id .. ' next' }
    local next = own.walk({ id = id }, from, function(node)
      fields[#fields + 1] = id .. ' n' .. text(node.number)
      fields[#fields + 1] = id .. ' d' .. text(node.number)
    end)
    if next then
      hand_on('f ' .. id .. ' ' .. text(next))
      fields = { unpack(fields, 7) }
    end
    redis.call('HDEL', keys.groups, unpack(fields))
    redis.call('ZREM', keys.groups_ended, id)
    redis.call('ZREM', keys.group_index, id)
    return #fields
  end

  return own
end

-- A script may end many members, and makes the functions once for the same `queues`.
local MADE = {}
local function shared_groups(keys, queues)
  MADE[queues] = MADE[queues] or groups_of(keys, queues)
  return MADE[queues]
end

-- What hangs on the end of a member of a group. Most tasks are in none.
local function leave_group(keys, queues, message, how, report)
  if member_of(message) then
    shared_groups(keys, queues).left(message, how, report)
  end
end

-- The message without the tag of its group.
local function without_group(message)
  local at = 35
  while string.sub(message, at, at) ~= 'g' do
    at = at + 28
  end
  return string.sub(message, 1, at - 1) .. string.sub(message, at + 28)
end
