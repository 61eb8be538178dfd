import type { ScriptName } from './scripts.js';

/** What scripts use of lua/lib/. `npm run generate` writes this module: edit the Lua files instead. */
const LIB = {
  'ring': `local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.pcall('RPUSH', bell, '1')
  end
end`,
  'is_call': `local function is_call(message, call)
  local at = body_start(message)
  return string.sub(message, at, at + #call - 1) == call
end`,
  'remember_ids': `local function remember_ids(list, now, entries)
  redis.call('ZADD', list, unpack(entries))
  redis.call('ZREMRANGEBYSCORE', list, '-inf', text(now - 86400000))
  redis.call('ZREMRANGEBYRANK', list, 0, -10001)
end`,
  'remember_cancelled': `local function remember_cancelled(cancelled, now, id)
  remember_ids(cancelled, now, { text(now), id })
end`,
  'is_cancelled': `local function is_cancelled(cancelled, message)
  return redis.call('ZSCORE', cancelled, string.sub(message, 1, 20)) and true or false
end`,
  'ids_in': `local function ids_in(acks)
  local ids = {}
  for first = 1, #acks, 20 do
    ids[#ids + 1] = string.sub(acks, first, first + 19)
  end
  return ids
end`,
  'claimed_as': `local function claimed_as(child, number, place, message)
  local id = string.sub(message, 1, 20)
  if (#message < 34 or string.find(id, '[^0-9a-z]')) and not is_foreign(message) then
    local origin = table.concat({ child, number, place, message }, ' ')
    id = 'undecodable' .. string.sub(redis.sha1hex(origin), 1, 9)
    message = id .. '?' .. message
  end
  return id, message
end`,
  'is_drainer': `local function is_drainer(drain, child)
  local drainer = redis.call('GET', drain)
  if drainer and drainer ~= child then
    return false
  end
  redis.call('SET', drain, child, 'PX', 5000)
  return true
end`,
  'is_of_stopped': `local function is_of_stopped(groups, stops, message)
  local group = member_of(message)
  if group and stops[group] == nil then
    stops[group] = is_stopped(groups, group)
  end
  return group and stops[group]
end`,
  'heed_tags': `local function heed_tags(unique, groups, stops, stopped, id, message)
  if tag(message, 's') then
    free_key(unique, message)
  end
  if is_of_stopped(groups, stops, message) then
    stopped[#stopped + 1] = id
  end
end`,
  'all_held': `local function all_held(claims, groups)
  local all, stops, stopped = redis.call('HVALS', claims), {}, {}
  for _, held in ipairs(all) do
    local _, message = split(held)
    if message and is_of_stopped(groups, stops, message) then
      stopped[#stopped + 1] = string.sub(message, 1, 20)
    end
  end
  return all, table.concat(stopped)
end`,
  'is_limited_first': `local function is_limited_first(queues)
  for _, queue in ipairs(queues) do
    local first = redis.call('LINDEX', queue.quarantined, 0)
    if first and may_have_limits(first) and line_of(first) then
      return true
    end
  end
  return false
end`,
  'have_limits': `local function have_limits(queues, gates)
  local its_gates = fields_of(gates, queues)
  if its_gates.err then
    return true
  end
  for i, queue in ipairs(queues) do
    if its_gates[i] or redis.call('EXISTS', queue.ready) == 1 then
      return true
    end
  end
  return false
end`,
  'add_to_history': `local function add_to_history(cron_runs, lines, keep)
  if #lines > 0 then
    redis.pcall('LPUSH', cron_runs, unpack(lines))
    redis.pcall('LTRIM', cron_runs, 0, keep - 1)
  end
end`,
  'push': `local function push(list, messages, at_head)
  if #messages > 0 and at_head then
    redis.call('LPUSH', list, unpack(messages))
  elseif #messages > 0 then
    redis.call('RPUSH', list, unpack(messages))
  end
end`,
  'append': `local function append(queue, messages)
  redis.call('RPUSH', queue.pending, unpack(messages))
  ring(queue.bell)
end`,
  'at_time': `local function at_time(message, now)
  return string.sub(message, 1, 25) .. base36(now, 9) .. string.sub(message, 35)
end`,
  'come_now': `local function come_now(keys, queue, message, now)
  message = at_time(message, now)
  if keys.unique then
    update_key(keys.unique, queue.name, message)
  end
  return message
end`,
  'not_ahead': `local function not_ahead(keys, queue, message, now)
  return turn_of(message) > now and come_now(keys, queue, message, now) or message
end`,
  'line_up': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
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
end`,
  'enlist_new': `local function enlist_new(keys, queues, queue, messages, is_sent)
  if line_up(keys, queues, queue, messages, false, true, is_sent) then
    ring(queue.bell)
  end
end`,
  'enlist': `local function enlist(keys, queues, queue, messages, at_head, is_new)
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
end`,
  'is_foreign': `local function is_foreign(message)
  return string.byte(message, 21) == 63 and string.find(message, '^undecodable%x%x%x%x%x%x%x%x%x%?') == 1
end`,
  'GROUP': `local GROUP = '^(%l) (%l+) (%l+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'`,
  'NODE': `local NODE = '^(%l+) (%d+) (%l+) (%d) (%d) (%w+) (%S+) (.*)$'`,
  'ENDED_KEPT': `local ENDED_KEPT = 86400000`,
  'MOST_ENDED': `local MOST_ENDED = 10000`,
  'NODES_AT_ONCE': `local NODES_AT_ONCE = 200`,
  'member_of': `local function member_of(message)
  local member = has_more_tags(message) and tag(message, 'g')
  if member and string.find(member, '^[0-9a-z]+$') then
    return string.sub(member, 1, 20), tonumber(string.sub(member, 21), 36)
  end
end`,
  'is_over': `local function is_over(state)
  return state == 'cancelled' or state == 'expired'
end`,
  'is_stopped': `local function is_stopped(groups, id)
  local stored = redis.pcall('HGET', groups, id)
  return type(stored) == 'string' and is_over(string.match(stored, '^%l %l+ (%l+)'))
end`,
  'wrong_groups': `local function wrong_groups(keys)
  if redis.call('EXISTS', keys.groups) == 1 then
    return wrong_type('hash', keys.groups) or wrong_type('zset', keys.group_times, keys.groups_ended)
      or wrong_type('list', keys.released)
  end
end`,
  'shortened': `local function shortened(value, most)
  while most > 0 and #value > most and string.find(string.sub(value, most + 1, most + 1), '[\\128-\\191]') do
    most = most - 1
  end
  return string.sub(value, 1, most)
end`,
  'groups_of': `local function groups_of(keys, queues)
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
    local name = string.match(about or '', '^(".*")\\n') or '""'
    return '{"id":"' .. group.id .. '","name":' .. name .. ',"state":"' .. group.state .. '",' .. counts
      .. (culprit and ',"culprit":' .. culprit or '') .. '}'
  end

  -- A task in its queue: it has waited there since now.
  local stamp
  local function begun(message)
    stamp = stamp or base36(tonumber(now), 9)
    return string.sub(message, 1, 25) .. stamp .. string.sub(message, 35)
  end

  -- Tasks that waited, \`<queue> <message>\`, come to their queues in their order, those of one queue together.
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

  -- A node no longer waits for one of those before it. Failures reach those with the policy \`end\` as an end; for others they are for good:
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

  -- Reaches those that wait for a node, \`which\` of them: \`all\`, or those whose policy is \`fail\` or \`end\`.
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

  -- A member has left: \`done\`, \`dead\`, \`dropped\`, \`cancelled\`, or \`deleted\` from the dead.
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

  -- Walks over the nodes of a flow from \`from\` on. Returns where to go on; nothing at the end.
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

  -- Ends the nodes that have not started. Returns them as \`<queue> <message>\`.
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

  -- Nobody starts any more of its members: somebody cancelled it, or its time is over. \`broadcasts\` is the stream that reaches those that
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
end`,
  'MADE': `local MADE = {}`,
  'shared_groups': `local function shared_groups(keys, queues)
  MADE[queues] = MADE[queues] or groups_of(keys, queues)
  return MADE[queues]
end`,
  'leave_group': `local function leave_group(keys, queues, message, how, report)
  if member_of(message) then
    shared_groups(keys, queues).left(message, how, report)
  end
end`,
  'without_group': `local function without_group(message)
  local at = 35
  while string.sub(message, at, at) ~= 'g' do
    at = at + 28
  end
  return string.sub(message, 1, at - 1) .. string.sub(message, at + 28)
end`,
  'wrong_keys': `local function wrong_keys(keys)
  return (keys.claims and wrong_type('hash', keys.claims))
    or wrong_type('hash', keys.unique)
    or wrong_type('zset', keys.cancelled)
end`,
  'held_task': `local function held_task(claims, id, held, known_queues)
  local name, message = split(held)
  local queue = known_queues[name]
  return queue and {
    claims = claims,
    id = id,
    queue = queue,
    claimed = message,
    message = without_gate(message),
    known_queues = known_queues,
  }
end`,
  'end_claim': `local function end_claim(task)
  return redis.call('HDEL', task.claims, task.id) == 1
end`,
  'finish': `local function finish(keys, ids)
  if #ids == 0 then
    return 0
  end
  local keyed = redis.call('EXISTS', keys.unique) == 1
  local held = keyed and redis.call('HMGET', keys.claims, unpack(ids)) or {}
  local ended = redis.call('HDEL', keys.claims, unpack(ids))
  for _, found in ipairs(held) do
    local message = found and select(2, split(found))
    if message then
      free_key(keys.unique, message)
    end
  end
  return ended
end`,
  'end_as_cancelled': `local function end_as_cancelled(keys, task)
  if end_claim(task) then
    free_key(keys.unique, task.message)
    note_ending(keys, task.queue.name, task.message, 'cancelled')
    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)
    leave_group(keys, task.known_queues, task.message, 'cancelled')
  end
end`,
  'end_cancelled': `local function end_cancelled(keys, task)
  local was_cancelled = is_cancelled(keys.cancelled, task.message)
  if was_cancelled then
    end_as_cancelled(keys, task)
  end
  return was_cancelled
end`,
  'keep_notes': `local function keep_notes(task)
  local notes = task.notes and redis.pcall('GET', task.notes)
  if type(notes) == 'string' then
    redis.pcall('HSET', task.queue.dead_notes, task.id, notes)
    redis.call('DEL', task.notes)
  end
end`,
  'bury': `local function bury(keys, task, report, answering)
  redis.call('ZADD', task.queue.dead, text(now_ms()), task.id)
  redis.call('HSET', task.queue.records, task.id, report .. '\\n' .. task.message)
  keep_failure(task.result, task.message, report)
  if end_claim(task) then
    free_key(keys.unique, task.message)
    keep_notes(task)
    announce(answering, task.message)
    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)
    leave_group(keys, task.known_queues, task.message, 'dead', report)
  end
end`,
  'wait_until': `local function wait_until(keys, queues, queue, message, due, is_later)
  message = string.sub(message, 1, 25) .. base36(due, 9) .. string.sub(message, 35)
  if is_later then
    schedule(queue.scheduled, keys.alarm, due, { message })
  else
    enlist(keys, queues, queue, { message }, false)
  end
  return message
end`,
  'try_again': `local function try_again(keys, task, attempt)
  local queue, message = task.queue, task.message
  if attempt.counts then
    message = counted(message, 22, 23)
  end
  message = keep_ordered(keys, task, remembered(message, attempt.line))
  message = wait_until(keys, task.known_queues, queue, message, now_ms() + attempt.delay, attempt.delay > 0)
  if end_claim(task) then
    update_key(keys.unique, queue.name, message)
    give_up_slots(keys, task, message)
  end
end`,
  'put_back': `local function put_back(keys, tasks)
  -- enqueuedAt, then id: the best guess of the order in which they were enqueued
  local function order(task)
    return string.sub(task.message, 26, 34) .. string.sub(task.message, 1, 20)
  end
  table.sort(tasks, function(a, b) return order(a) > order(b) end)
  local any_cancelled = redis.call('EXISTS', keys.cancelled) == 1
  for _, task in ipairs(tasks) do
    if not any_cancelled or not end_cancelled(keys, task) then
      local message = keep_ordered(keys, task, task.message)
      enlist(keys, task.known_queues, task.queue, { message }, true)
      if end_claim(task) then
        update_key(keys.unique, task.queue.name, message)
        give_up_slots(keys, task, message)
      end
    end
  end
end`,
  'bury_stray': `local function bury_stray(keys, queues, queue, claims, id, held)
  if not queue then
    return
  end
  local made_up = 'undecodable' .. string.sub(redis.sha1hex(id .. ' ' .. held), 1, 9)
  local report = '{"code":"UNDECODABLE_MESSAGE","error":"It lay among the claims of a child that is gone, '
    .. 'and is no task of a queue that its worker serves.","host":"","pid":0}'
  redis.call('ZADD', queue.dead, text(now_ms()), made_up)
  redis.call('HSET', queue.records, made_up, report .. '\\n' .. made_up .. '?' .. held)
  note_ending(keys, queue.name, '', 'dead')
  local _, message = split(held)
  if end_claim({ claims = claims, id = id }) and message then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, CLAIMED)
  end
end`,
  'remove_deep': `local function remove_deep(list, passed, message)
  for at = passed - 1000, passed + 2000, 500 do
    local messages = redis.call('LRANGE', list, -at - 500, -at - 1)
    for i = 1, #messages do
      if messages[i] == message then
        -- it is not the last, so the tail comes nearer by one
        redis.call('LSET', list, i - #messages - at, redis.call('RPOP', list))
        return 1
      end
    end
  end
  return 0
end`,
  'may_be_listed': `local function may_be_listed(queue, line, message)
  local mark, turn = state_of(queue, mark_of(line)), turn_of(message)
  return mark == LISTED + turn or mark == BEHIND + turn
end`,
  'place_of': `local function place_of(message)
  return is_quarantined(message) and 'quarantined' or 'pending'
end`,
  'remove_listed': `local function remove_listed(list, message, passed)
  if passed and passed > 50000 then
    return remove_deep(list, passed, message)
  end
  -- from the tail: most tasks to remove were sent of late
  return redis.call('LREM', list, -1, message)
end`,
  'remove': `local function remove(keys, queues, queue, place, message, passed)
  local removed, entry, line = 0, nil, nil
  if (place == 'pending' or place == 'held') and may_have_limits(message) then
    entry, line = place_in_line(message)
  end
  if place == 'scheduled' then
    removed = redis.call('ZREM', queue.scheduled, message)
  elseif not entry then
    removed = place == 'held' and 0 or remove_listed(queue[place], message, passed)
  else
    use_lines(keys, queues)
    removed = redis.call('ZREM', queue.held, entry)
    if removed > 0 then
      if go_on(queue, line, first_in_line(queue, line)[1], false) then
        ring(queue.bell)
      end
    else
      local is_listed = may_be_listed(queue, line, message)
      -- one that others have put there has no mark; a search that has found it goes on until it is gone
      removed = (is_listed or passed and place == 'pending') and remove_listed(queue.pending, message, passed) or 0
      if removed > 0 and is_listed and change_at_once(unlist, queue, line) then
        ring(queue.bell)
      end
    end
  end
  if removed > 0 then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, WAITING)
  end
  return removed
end`,
  'forget_dead': `local function forget_dead(queue, ids)
  redis.call('ZREM', queue.dead, unpack(ids))
  redis.call('HDEL', queue.records, unpack(ids))
  redis.pcall('HDEL', queue.dead_notes, unpack(ids))
end`,
  'delete_dead': `local function delete_dead(keys, queue, ids)
  local records = redis.call('EXISTS', keys.groups) == 1 and redis.call('HMGET', queue.records, unpack(ids)) or {}
  forget_dead(queue, ids)
  local known_queues = {}
  for _, record in ipairs(records) do
    if record then
      leave_group(keys, known_queues, message_of(record), 'deleted')
    end
  end
end`,
  'redrive': `local function redrive(keys, queue, ids, messages, noting, kept)
  local known_queues = {}
  for i, message in ipairs(messages) do
    if member_of(message) and not shared_groups(keys, known_queues).redriven(message) then
      messages[i] = without_group(message)
    end
  end
  known_queues[queue.name] = queue
  enlist_new(keys, known_queues, queue, messages)
  for _, id in ipairs(ids) do
    if kept[id] then
      redis.call('DEL', kept[id].result)
    end
    local notes = noting[id] and redis.pcall('HGET', queue.dead_notes, id)
    if type(notes) == 'string' then
      redis.call('SET', noting[id].notes, notes, 'EX', 86400)
    end
  end
  -- else it would end without a trace when it is given back or retried
  redis.call('ZREM', keys.cancelled, unpack(ids))
  forget_dead(queue, ids)
  for _, message in ipairs(messages) do
    local digest = unique_digest(message)
    if digest then
      redis.call('HSETNX', keys.unique, digest, queue.name .. ' ' .. message)
    end
  end
end`,
  'wrong_lines': `local function wrong_lines(keys, queues)
  local wrong = wrong_type('hash', keys.limits, keys.slots, keys.limit_labels)
    or wrong_type('zset', keys.rates)
    -- mostly nothing waits
    or redis.call('EXISTS', keys.paced, keys.waiters) > 0 and wrong_type('zset', keys.paced, keys.waiters)
    or nil
  for _, queue in ipairs(queues) do
    wrong = wrong or queue.held and wrong_type('zset', queue.held, queue.ready)
  end
  return wrong
end`,
  'wrong_for_rules': `local function wrong_for_rules(keys, queues)
  return wrong_lines(keys, queues) or wrong_type('hash', keys.gates) or wrong_type('list', keys.alarm) or wrong_queues(queues)
end`,
  'CLAIMED': `local CLAIMED = { [108] = true, [113] = true }`,
  'WAITING': `local WAITING = { [76] = true }`,
  'DECLARED': `local DECLARED = { [108] = true, [76] = true }`,
  'limits_of': `local function limits_of(message, letters, limits)
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
end`,
  'IS_WHOLE': `local IS_WHOLE = true`,
  'whole_needed': `local function whole_needed()
  return redis.error_reply('WHOLE_NEEDED a task has a limit or is in a group')
end`,
  'wrong_lines_of': `local function wrong_lines_of(keys, queues, messages)
  for _, message in ipairs(messages) do
    if not IS_WHOLE and (may_have_limits(message) or member_of(message)) then
      return whole_needed()
    elseif may_have_limits(message) then
      return wrong_lines(keys, queues)
    end
  end
end`,
  'limits_among': `local function limits_among(numbers, messages)
  local found
  for _, i in ipairs(numbers) do
    found = may_have_limits(messages[i]) and limits_of(messages[i], CLAIMED, found) or found
  end
  return found and found[1] and found
end`,
  'end_limits': `local function end_limits(keys, queues, queue, message, letters)
  local has_limits = may_have_limits(message)
  local given_up = has_limits and limits_of(message, letters) or {}
  local line = has_limits and line_of(message)
  if #given_up == 0 and not line then
    return
  end
  use_lines(keys, queues)
  free_slots(given_up)
  forget_labels(queue, { line or nil })
end`,
  'end_limits_of': `local function end_limits_of(limits, numbers, messages, queue_of)
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
end`,
  'with_letter': `local function with_letter(message, letter, limit, other)
  local at = string.find(message, letter .. limit, 35, true)
  return at and string.sub(message, 1, at - 1) .. other .. string.sub(message, at + 1) or message
end`,
  'without_slots': `local function without_slots(message)
  for _, limit in ipairs(limits_of(message, WAITING)) do
    message = with_letter(message, 'L', limit, 'l')
  end
  return message
end`,
  'keep_ordered': `local function keep_ordered(keys, task, message)
  for _, limit in ipairs(may_have_limits(message) and limits_of(message, CLAIMED) or {}) do
    use_lines(keys, task.known_queues)
    if rule_of(limit).ordered then
      message = with_letter(message, 'l', limit, 'L')
    end
  end
  return message
end`,
  'give_up_slots': `local function give_up_slots(keys, task, message)
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
end`,
  'note_all_labels': `local function note_all_labels(keys, labels)
  redis.pcall('HSET', keys.limit_labels, unpack(labels))
end`,
  'note_labels_of': `local function note_labels_of(keys, labels, messages)
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
end`,
  'note_labels': `local function note_labels(keys, labels, added, sent)
  -- what a short form adds has no limit
  if #labels == 0 or not IS_WHOLE then
    return
  elseif #added == sent then
    note_all_labels(keys, labels)
  else
    note_labels_of(keys, labels, added)
  end
end`,
  'RULE': `local RULE = '^(%S+) (%S+) (%S+) (%d+)'`,
  'MOST_FORGOTTEN': `local MOST_FORGOTTEN = 1000`,
  'LIMITS': `local LIMITS = { keys = nil, now_us = nil, now = nil }`,
  'RULES': `local RULES = {}`,
  'USED': `local USED = {}`,
  'ARRIVALS': `local ARRIVALS = {}`,
  'CHANGED': `local CHANGED = {}`,
  'use_limits': `local function use_limits(keys)
  if not LIMITS.keys then
    local time = redis.call('TIME')
    LIMITS.keys, LIMITS.now_us = keys, time[1] * 1000000 + time[2]
    LIMITS.now = math.floor(LIMITS.now_us / 1000)
  end
end`,
  'amount_in': `local function amount_in(field, before)
  if field == '=' then
    return before
  end
  return tonumber(field)
end`,
  'rule_with': `local function rule_with(rule, entry, is_override)
  local most, interval, burst, last = string.match(entry or '', RULE)
  if not most or is_override and last ~= '0' and tonumber(last) <= LIMITS.now then
    return rule
  end
  return {
    most = amount_in(most, rule.most),
    interval = amount_in(interval, rule.interval),
    burst = amount_in(burst, rule.burst),
    ordered = is_override and rule.ordered or not is_override and last == '1',
  }
end`,
  'rule_of': `local function rule_of(limit)
  local known = RULES[limit]
  if known then
    return known
  end
  local name = string.sub(limit, 1, 6)
  local base = RULES[name]
  if not base then
    local declared, override, star = unpack(redis.call('HMGET', LIMITS.keys.limits, name, name .. '!', name .. '*'))
    base = rule_with(rule_with({}, declared, false), override, true)
    base.has_keys = star
    RULES[name] = base
  end
  if not base.has_keys then
    return base
  end
  local override, stopped = unpack(redis.call('HMGET', LIMITS.keys.limits, limit .. '!', limit .. '.'))
  known = rule_with(base, override, true)
  if stopped then
    known = { most = known.most, interval = known.interval, burst = known.burst, ordered = known.ordered, stopped = noted(stopped) }
  end
  RULES[limit] = known
  return known
end`,
  'forget_rules': `local function forget_rules()
  for field in pairs(RULES) do
    RULES[field] = nil
  end
end`,
  'read_slots': `local function read_slots(limits)
  local missing = {}
  for _, limit in ipairs(limits) do
    if not USED[limit] then
      missing[#missing + 1] = limit
      USED[limit] = 0
    end
  end
  local slots = #missing > 0 and redis.call('HMGET', LIMITS.keys.slots, unpack(missing)) or {}
  for i, limit in ipairs(missing) do
    USED[limit] = tonumber(slots[i] or '') or 0
  end
  return missing
end`,
  'read_limits': `local function read_limits(limits)
  local missing = read_slots(limits)
  for _, limit in ipairs(missing) do
    if rule_of(limit).interval then
      local rates = redis.call('ZMSCORE', LIMITS.keys.rates, unpack(missing))
      for i, its in ipairs(missing) do
        ARRIVALS[its] = tonumber(rates[i] or '') or 0
      end
      return
    end
  end
end`,
  'used_of': `local function used_of(limit)
  if not USED[limit] then
    read_slots({ limit })
  end
  return USED[limit]
end`,
  'arrival_of': `local function arrival_of(limit, rule)
  -- a script that frees slots has read none
  ARRIVALS[limit] = ARRIVALS[limit] or tonumber(redis.call('ZMSCORE', LIMITS.keys.rates, limit)[1] or '') or 0
  local latest = LIMITS.now_us + rule.burst * rule.interval
  if ARRIVALS[limit] > latest then
    ARRIVALS[limit] = latest
    CHANGED[limit] = true
  end
  return ARRIVALS[limit]
end`,
  'room_of': `local function room_of(limit, keeps)
  local rule, used, count = rule_of(limit), used_of(limit), math.huge
  if rule.stopped and rule.stopped > LIMITS.now then
    return 0, rule.stopped
  end
  -- 0 starts nothing, also no task that keeps its slot
  if rule.most and (not keeps or rule.most == 0) then
    count = rule.most - used
    if count <= 0 then
      return 0
    end
  end
  if rule.interval then
    local free_at = arrival_of(limit, rule) - (rule.burst - 1) * rule.interval
    if free_at > LIMITS.now_us then
      return 0, math.ceil(free_at / 1000)
    end
    count = math.min(count, rule.burst, math.floor((LIMITS.now_us - free_at) / rule.interval) + 1)
  end
  return count
end`,
  'take_slot': `local function take_slot(limit, keeps)
  local rule = rule_of(limit)
  USED[limit] = used_of(limit) + (keeps and 0 or 1)
  if rule.interval then
    ARRIVALS[limit] = math.max(arrival_of(limit, rule), LIMITS.now_us) + rule.interval
  end
  CHANGED[limit] = true
end`,
  'give_up_slot': `local function give_up_slot(limit)
  USED[limit] = used_of(limit) - 1
  CHANGED[limit] = true
end`,
  'is_held': `local function is_held(limit)
  return used_of(limit) > 0
end`,
  'flush_limits': `local function flush_limits()
  local slots, free, rates = {}, {}, {}
  for limit in pairs(CHANGED) do
    -- a script that ends many tasks writes what each of them has changed
    CHANGED[limit] = nil
    if USED[limit] > 0 then
      slots[#slots + 1] = limit
      slots[#slots + 1] = USED[limit]
    else
      free[#free + 1] = limit
    end
    if (ARRIVALS[limit] or 0) > LIMITS.now_us then
      rates[#rates + 1] = ARRIVALS[limit]
      rates[#rates + 1] = limit
    end
  end
  if #slots > 0 then
    redis.call('HSET', LIMITS.keys.slots, unpack(slots))
  end
  if #free > 0 then
    redis.call('HDEL', LIMITS.keys.slots, unpack(free))
  end
  if #rates > 0 then
    redis.call('ZADD', LIMITS.keys.rates, unpack(rates))
  end
end`,
  'forget_rates': `local function forget_rates()
  local past = redis.call('ZCOUNT', LIMITS.keys.rates, '-inf', text(LIMITS.now_us))
  if past > 0 then
    redis.call('ZREMRANGEBYRANK', LIMITS.keys.rates, 0, math.min(past, MOST_FORGOTTEN) - 1)
  end
  return past > MOST_FORGOTTEN
end`,
  'FAIR': `local FAIR = -2e15`,
  'WAITS': `local WAITS = 1e15`,
  'TAGS': `local TAGS = 4e15`,
  'TURN': `local TURN = 1000`,
  'LISTED': `local LISTED = 8e15`,
  'BEHIND': `local BEHIND = 8.5e15`,
  'NO_TENANT': `local NO_TENANT = '--------------------'`,
  'FIRST': `local FIRST = '0000000000000'`,
  'may_have_limits': `local function may_have_limits(message)
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
end`,
  'line_of_tags': `local function line_of_tags(message)
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
end`,
  'line_of': `local function line_of(message)
  -- as most: one limit, and no other tag
  local only = string.byte(message, 63) == 91 and string.match(message, '^l([%w_-]*)%[', 35)
  if only then
    return only
  end
  return line_of_tags(message)
end`,
  'turn_of': `local function turn_of(message, order)
  local turn = tonumber(string.sub(message, 26, 34), 36) or 0
  if order then
    turn = turn - (tonumber(string.sub(order, 1, 1)) or 0) * (tonumber(string.sub(order, 2, 7), 36) or 0)
  end
  return math.min(math.max(turn, 1), 9999999999999)
end`,
  'entry_in_line': `local function entry_in_line(message, line, order, keeps)
  if keeps then
    return line .. ' ' .. FIRST .. message
  end
  return line .. ' ' .. string.format('%013.0f', turn_of(message, order)) .. message
end`,
  'place_in_line': `local function place_in_line(message)
  local line, order, keeps = line_of(message)
  if line then
    return entry_in_line(message, line, order, keeps), line, keeps
  end
end`,
  'entries_of': `local function entries_of(queue, line, count)
  return redis.call('ZRANGEBYLEX', queue.held, '[' .. line .. ' ', '(' .. line .. '!', 'LIMIT', 0, count or 1)
end`,
  'tasks_in': `local function tasks_in(queue, line, before)
  return redis.call('ZLEXCOUNT', queue.held, '[' .. line .. ' ', '(' .. (before or line .. '!'))
end`,
  'mark_of': `local function mark_of(line)
  return '=' .. line
end`,
  'waiting_queue': `local function waiting_queue(queue, gate)
  return gate .. queue.name .. ' a' .. FIRST .. ' *'
end`,
  'message_in_line': `local function message_in_line(entry)
  return string.sub(entry, (string.find(entry, ' ', 1, true) or -13) + 14)
end`,
  'limit_at': `local function limit_at(line, index)
  return string.sub(line, 27 * index + 1, 27 * index + 27)
end`,
  'tenant_of': `local function tenant_of(line)
  return #line % 27 == 20 and string.sub(line, -20)
end`,
  'without_gate': `local function without_gate(message)
  if string.byte(message, 35) ~= 113 or is_foreign(message) then
    return message
  end
  return string.sub(message, 1, 34) .. string.sub(message, 63)
end`,
  'keeps_slot': `local function keeps_slot(message, limit)
  return string.find(string.sub(message, 35, 34 + 28 * 9), 'L' .. limit, 1, true) ~= nil
end`,
  'part': `local function part(list, first, last)
  if last - first < 7000 then
    return { unpack(list, first, last) }
  end
  local values = {}
  for i = first, last do
    values[#values + 1] = list[i]
  end
  return values
end`,
  'by_name': `local function by_name(blocks)
  local index = {}
  for _, block in ipairs(blocks) do
    index[block.name] = block
  end
  return index
end`,
  'fields_of': `local function fields_of(key, queues)
  local names = {}
  for i, queue in ipairs(queues) do
    names[i] = queue.name
  end
  return redis.pcall('HMGET', key, unpack(names))
end`,
  'LINES_TO_COUNT': `local LINES_TO_COUNT = 500`,
  'wrong_places': `local function wrong_places(queues)
  for _, queue in ipairs(queues) do
    local wrong = wrong_type('zset', queue.held, queue.ready)
    if wrong then
      return wrong
    end
  end
end`,
  'size_of': `local function size_of(queue, place)
  if place == 'held' then
    return redis.call('ZCARD', queue.held)
  end
  return redis.call('LLEN', queue[place])
end`,
  'range_of': `local function range_of(queue, place, first, last)
  if place == 'held' then
    return redis.call('ZRANGE', queue.held, first, last)
  end
  return redis.call('LRANGE', queue[place], first, last)
end`,
  'line_in': `local function line_in(entry)
  return string.sub(entry, 1, (string.find(entry, ' ', 1, true) or 1) - 1)
end`,
  'tasks_ahead': `local function tasks_ahead(queue, line, entry)
  local is_listed = (tonumber(redis.call('ZSCORE', queue.ready, mark_of(line)) or '') or 0) >= BEHIND
  return tasks_in(queue, line, entry) + (is_listed and 1 or 0)
end`,
  'is_held_back': `local function is_held_back(queue, line)
  local state = tonumber(redis.call('ZSCORE', queue.ready, line) or '')
  return state ~= nil and state >= WAITS and state < TAGS
end`,
  'waits_as_whole': `local function waits_as_whole(keys, queue)
  local gate = redis.pcall('HGET', keys.gates, queue.name)
  local found = type(gate) == 'string' and redis.pcall('ZSCORE', keys.waiters, waiting_queue(queue, gate))
  return type(found) == 'string'
end`,
  'lines_of_kind': `local function lines_of_kind(queue, is_ready, most)
  local number, lines = 0, {}
  local ranges = is_ready and { '-inf', '(' .. text(WAITS), text(BEHIND), '+inf' } or { text(WAITS), '(' .. text(TAGS) }
  for i = 1, #ranges, 2 do
    local from, till = ranges[i], ranges[i + 1]
    number = number + redis.call('ZCOUNT', queue.ready, from, till)
    local found = #lines < most and redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'LIMIT', 0, most - #lines) or {}
    for _, member in ipairs(found) do
      lines[#lines + 1] = string.match(member, '^=?(.*)$')
    end
  end
  return number, lines
end`,
  'count_lines': `local function count_lines(queue)
  local all = redis.call('ZCARD', queue.held)
  if all == 0 then
    return 0, 0
  end
  local ready, waiting = lines_of_kind(queue, true, 0), lines_of_kind(queue, false, 0)
  local counts_ready = ready <= waiting
  local few, lines = lines_of_kind(queue, counts_ready, LINES_TO_COUNT)
  local looked, found = #lines, 0
  LINES_TO_COUNT = LINES_TO_COUNT - looked
  for _, line in ipairs(lines) do
    found = found + tasks_in(queue, line)
  end
  if looked < few then
    found = looked > 0 and found * few / looked or all * few / (ready + waiting)
  end
  found = math.min(math.floor(found), all)
  return counts_ready and found or all - found, counts_ready and all - found or found
end`,
  'came_at': `local function came_at(message)
  return tonumber(string.sub(message, 26, 34), 36) or 0
end`,
  'count_pending': `local function count_pending(keys, queue)
  local may_start, held_back = count_lines(queue)
  may_start = may_start + redis.call('LLEN', queue.pending)
  if waits_as_whole(keys, queue) then
    return 0, may_start + held_back
  end
  return may_start, held_back
end`,
  'next_of': `local function next_of(keys, queue)
  if waits_as_whole(keys, queue) then
    return
  end
  local found = redis.call('LINDEX', queue.pending, 0)
  for _, from in ipairs({ '-inf', '0' }) do
    local till = '(' .. (from == '0' and text(WAITS) or '0')
    local line = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'LIMIT', 0, 1)[1]
    local head = line and entries_of(queue, line)[1]
    local message = head and message_in_line(head)
    if message and (not found or came_at(message) < came_at(found)) then
      found = message
    end
  end
  return found
end`,
  'base36': `local function base36(number, width)
  local codes = { 48, 48, 48, 48, 48, 48, 48, 48, 48 }
  for place = width, 1, -1 do
    local digit = number % 36
    codes[place] = digit < 10 and digit + 48 or digit + 87
    number = (number - digit) / 36
  end
  return string.char(unpack(codes, 1, width))
end`,
  'counted': `local function counted(message, first, last)
  local width = last - first + 1
  local number = math.min((tonumber(string.sub(message, first, last), 36) or 0) + 1, 36 ^ width - 1)
  return string.sub(message, 1, first - 1) .. base36(number, width) .. string.sub(message, last + 1), number
end`,
  'remembered': `local function remembered(message, line)
  local _, lines = string.gsub(message, '\\n', '')
  if lines >= 20 then
    message = string.gsub(message, '\\n[^\\n]*', '', 1)
  end
  return message .. line
end`,
  'split': `local function split(held)
  local space = string.find(held, ' ', 1, true)
  if space then
    return string.sub(held, 1, space - 1), string.sub(held, space + 1)
  end
end`,
  'is_quarantined': `local function is_quarantined(message)
  return not is_foreign(message) and string.sub(message, 24, 25) ~= '00'
end`,
  'message_of': `local function message_of(record)
  return string.sub(record, (string.find(record, '\\n', 1, true) or #record) + 1)
end`,
  'started_anew': `local function started_anew(id, message, now)
  local header = string.sub(message, 1, 34)
  if #header == 34 and string.find(header, '^[0-9a-z]+$') and string.sub(header, 1, 21) == id .. '1' then
    return id .. '10000' .. base36(now, 9) .. string.sub(message, 35)
  end
end`,
  'with_body': `local function with_body(message, body)
  local history = string.find(message, '\\n', 1, true) or #message + 1
  return string.sub(message, 1, body_start(message) - 1) .. body .. string.sub(message, history)
end`,
  'MOST_SERIES': `local MOST_SERIES = 1000`,
  'read_counts': `local function read_counts(stored)
  local counts = {}
  for name, number in string.gmatch(stored or '', '(%w+) (%d+)') do
    counts[name] = tonumber(number)
  end
  return counts
end`,
  'write_counts': `local function write_counts(key, field, counts)
  local words = {}
  for name, number in pairs(counts) do
    words[#words + 1] = name .. ' ' .. text(number)
  end
  redis.call('HSET', key, field, table.concat(words, ' '))
end`,
  'add_to_hash': `local function add_to_hash(key, series, counts)
  local stored = redis.call('HGET', key, series)
  if not stored and redis.call('HLEN', key) >= MOST_SERIES then
    series = string.match(series, '^%S+') .. ' other'
    stored = redis.call('HGET', key, series)
  end
  local sums = read_counts(stored)
  for name, number in pairs(counts) do
    sums[name] = (sums[name] or 0) + number
  end
  write_counts(key, series, sums)
end`,
  'add_counts': `local function add_counts(keys, series, counts)
  add_to_hash(keys.metrics, series, counts)
  add_to_hash(keys.metrics_ten, series, counts)
  add_to_hash(keys.totals, series, counts)
end`,
  'add_endings': `local function add_endings(keys)
  local found = redis.call('HRANDFIELD', keys.endings, 200, 'WITHVALUES')
  local fields, all = {}, {}
  for i = 1, #found, 2 do
    local series, name = string.match(found[i], '^(%S+ %S+) (%w+)$')
    if series then
      all[series] = all[series] or {}
      all[series][name] = noted(found[i + 1]) or 0
    end
    fields[#fields + 1] = found[i]
  end
  for series, counts in pairs(all) do
    add_counts(keys, series, counts)
  end
  if #fields > 0 then
    redis.call('HDEL', keys.endings, unpack(fields))
  end
end`,
  'keep_metrics': `local function keep_metrics(keys)
  redis.call('EXPIRE', keys.metrics, 10800)
  redis.call('EXPIRE', keys.metrics_ten, 604800)
end`,
  'wrong_metrics': `local function wrong_metrics(keys)
  return wrong_type('hash', keys.metrics, keys.metrics_ten, keys.totals, keys.endings)
end`,
  'series_name': `local function series_name(keys, message)
  local at = body_start(message)
  local name = string.match(message, '^%["([%w_.:$-]+)",', at)
  return name and redis.pcall('HEXISTS', keys.catalog, name) == 1 and name or 'other'
end`,
  'note_endings': `local function note_endings(keys, queue, name, counter, number)
  redis.pcall('HINCRBY', keys.endings, queue .. ' ' .. name .. ' ' .. counter, number)
  -- where no worker counts, nothing moves them
  redis.pcall('EXPIRE', keys.endings, 86400, 'NX')
end`,
  'note_ending': `local function note_ending(keys, queue, message, counter)
  note_endings(keys, queue, series_name(keys, message), counter, 1)
end`,
  'end_of': `local function end_of(pause)
  local ends, since = string.match(pause, '^(%d+) {"since":(%d+),')
  return noted(since) and noted(ends)
end`,
  'is_paused': `local function is_paused(pause, now)
  local ends = pause and end_of(pause)
  return ends and (ends == 0 or ends > now)
end`,
  'without_paused': `local function without_paused(pauses, queues)
  local found = fields_of(pauses, queues)
  local now, open, paused = now_ms(), {}, {}
  for i, queue in ipairs(queues) do
    if is_paused(found[i], now) then
      paused[#paused + 1] = queue.name
    else
      open[#open + 1] = queue
    end
  end
  return open, paused[1] and table.concat(paused, ' ')
end`,
  'reopen': `local function reopen(pauses, queue)
  local ended = redis.call('HDEL', pauses, queue.name) == 1
  if ended and redis.call('EXISTS', queue.pending, queue.quarantined, queue.held) > 0 then
    ring(queue.bell)
  end
end`,
  'forgive_after_gap': `local function forgive_after_gap(sessions, pulse, now, lease)
  local last = tonumber(redis.call('GET', pulse) or now)
  redis.call('SET', pulse, text(now))
  if math.abs(now - last) <= lease / 3 then
    return
  end
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    local its_lease = tonumber(string.match(session, '%d+$')) or lease
    redis.call('ZADD', sessions, text(now + its_lease), session)
  end
end`,
  'MOST_WOKEN': `local MOST_WOKEN = 20`,
  'PACE': `local PACE = 5`,
  'LINES': `local LINES = { depth = 0, has_waiters = nil, on_ready = nil }`,
  'STATES': `local STATES = {}`,
  'STATES_CHANGED': `local STATES_CHANGED = {}`,
  'REMOVED': `local REMOVED = {}`,
  'QUEUES_MET': `local QUEUES_MET = {}`,
  'WITHOUT_KEYS': `local WITHOUT_KEYS = {}`,
  'WAITED': `local WAITED = {}`,
  'use_lines': `local function use_lines(keys, queues)
  use_limits(keys)
  for name, queue in pairs(queues) do
    QUEUES_MET[name] = QUEUES_MET[name] or queue
  end
end`,
  'flush_lines': `local function flush_lines(queue)
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
end`,
  'change_at_once': `local function change_at_once(run, ...)
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
end`,
  'any_waiters': `local function any_waiters()
  if LINES.has_waiters == nil then
    LINES.has_waiters = redis.call('EXISTS', LIMITS.keys.waiters) == 1
  end
  return LINES.has_waiters
end`,
  'read_states': `local function read_states(queue, members)
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
end`,
  'read_lines': `local function read_lines(queue, lines)
  local members = {}
  for _, line in ipairs(lines) do
    members[#members + 1] = line
    if #line % 27 == 0 then
      members[#members + 1] = mark_of(line)
    end
  end
  read_states(queue, members)
end`,
  'state_of': `local function state_of(queue, member)
  local known = STATES[queue.name]
  if not known or known[member] == nil then
    read_lines(queue, { member })
  end
  return STATES[queue.name][member]
end`,
  'put_state': `local function put_state(queue, member, state)
  local known, changed = STATES[queue.name] or {}, STATES_CHANGED[queue.name] or {}
  STATES[queue.name], STATES_CHANGED[queue.name] = known, changed
  known[member], changed[member] = state, true
end`,
  'ready_lines': `local function ready_lines(queue, from, till, count)
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
end`,
  'look_at': `local function look_at(entry, at)
  local is_news = redis.call('ZADD', LIMITS.keys.paced, 'LT', 'CH', at, entry) == 1
  if is_news and LIMITS.keys.alarm and redis.call('ZRANGE', LIMITS.keys.paced, 0, 0)[1] == entry then
    ring(LIMITS.keys.alarm)
  end
end`,
  'pace_limit': `local function pace_limit(limit, at)
  local rule = rule_of(limit)
  if rule.interval and at > LIMITS.now then
    at = math.max(at, LIMITS.now + math.min(PACE, math.floor(rule.burst * rule.interval / 2000)))
  end
  look_at(limit, text(at))
end`,
  'first_in_line': `local function first_in_line(queue, line, count)
  for _, entry in ipairs(REMOVED[queue.name] or {}) do
    if string.sub(entry, 1, #line + 1) == line .. ' ' then
      flush_lines(queue)
      break
    end
  end
  return entries_of(queue, line, count)
end`,
  'keeps_head': `local function keeps_head(queue, line, limit)
  local head = queue.held and first_in_line(queue, line)[1]
  return head and keeps_slot(message_in_line(head), limit)
end`,
  'waiter_of': `local function waiter_of(queue, line, order, limit)
  local kind = tenant_of(line) and 'f' or 'a'
  return limit .. queue.name .. ' ' .. kind .. string.format('%013.0f', order) .. ' ' .. line
end`,
  'decoded_state': `local function decoded_state(state)
  if state < WAITS then
    return state < 0 and state - FAIR or state
  end
  local index = (state - WAITS) % 4
  return (state - WAITS - index) / 4, index
end`,
  'tag_at': `local function tag_at(queue, member)
  local state = state_of(queue, member)
  return state and state - TAGS
end`,
  'note_given': `local function note_given(queue, given)
  if given > (tag_at(queue, '~') or -1) then
    put_state(queue, '~', TAGS + given)
  end
end`,
  'next_tag': `local function next_tag(queue, tenant)
  read_states(queue, { '~', '~+', '~' .. tenant })
  local given, newest, last = tag_at(queue, '~') or 0, tag_at(queue, '~+') or -1, tag_at(queue, '~' .. tenant)
  local anew = math.min(math.max(given, newest + 1), given + TURN - 1)
  local next = math.max(anew, last and last + TURN or 0)
  if next == anew then
    put_state(queue, '~+', TAGS + anew)
  end
  put_state(queue, '~' .. tenant, TAGS + next)
  return next
end`,
  'forget_waiter': `local function forget_waiter(queue, line, state)
  if state and state >= WAITS then
    local order, index = decoded_state(state)
    redis.call('ZREM', LIMITS.keys.waiters, waiter_of(queue, line, order, limit_at(line, index)))
  end
end`,
  'blocked_by': `local function blocked_by(line, head)
  local keeps_any = head and string.sub(head, #line + 2, #line + 14) == FIRST
  for index = 0, #line / 27 - 1 do
    local limit = limit_at(line, index)
    local room, opens = room_of(limit, keeps_any and keeps_slot(message_in_line(head), limit))
    if room == 0 then
      return index, opens
    end
  end
end`,
  'is_behind_listed': `local function is_behind_listed(queue, line, head)
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
end`,
  'drop_state': `local function drop_state(queue, line)
  local before = state_of(queue, line)
  if before then
    forget_waiter(queue, line, before)
    put_state(queue, line, false)
  end
  return before
end`,
  'settle_line': `local function settle_line(queue, line, head, was_given)
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
end`,
  'vanish_line': `local function vanish_line(queue, line, was_given)
  local before, tenant = drop_state(queue, line), tenant_of(line)
  if not tenant then
    is_behind_listed(queue, line)
  elseif before and was_given then
    note_given(queue, (decoded_state(before)))
  end
end`,
  'refresh_line': `local function refresh_line(queue, line)
  local head = first_in_line(queue, line)[1]
  if head then
    return settle_line(queue, line, head, false)
  end
  vanish_line(queue, line, false)
  return false
end`,
  'FRESH': `local FRESH = 1000`,
  'may_list': `local function may_list(queue, line, turn, marks)
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
end`,
  'put_marks': `local function put_marks(queue, marks)
  for i = 2, #marks, 2 do
    put_state(queue, marks[i], marks[marks[i]])
  end
end`,
  'note_marks': `local function note_marks(queue, marks)
  redis.call('ZADD', queue.ready, unpack(marks))
  local known = STATES[queue.name]
  for i = 2, known and #marks or 0, 2 do
    known[marks[i]] = marks[marks[i]]
  end
end`,
  'unlist': `local function unlist(queue, line)
  local member = mark_of(line)
  local mark = state_of(queue, member)
  if not mark then
    return false
  end
  put_state(queue, member, false)
  return mark >= BEHIND and refresh_line(queue, line)
end`,
  'forget_tags': `local function forget_tags(queue)
  local given = tag_at(queue, '~')
  local old = given and ready_lines(queue, text(TAGS), '(' .. text(TAGS + given - TURN), 20) or {}
  for _, member in ipairs(old) do
    put_state(queue, member, false)
  end
end`,
  'wait_as_queue': `local function wait_as_queue(queue, limit)
  redis.call('ZADD', LIMITS.keys.waiters, 0, waiting_queue(queue, limit))
  LINES.has_waiters = true
  local _, opens = room_of(limit)
  if opens then
    pace_limit(limit, opens)
  end
end`,
  'nudge_within': `local function nudge_within(limit)
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
end`,
  'nudge': `local function nudge(limit)
  if any_waiters() then
    change_at_once(nudge_within, limit)
  end
end`,
  'nudge_all': `local function nudge_all(name, from)
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
end`,
  'apply_rule': `local function apply_rule(field)
  forget_rules()
  if #field == 28 then
    nudge(string.sub(field, 1, 27))
  else
    nudge_all(string.sub(field, 1, 6), '')
  end
end`,
  'set_entry': `local function set_entry(field, value, ends)
  if redis.call('HSET', LIMITS.keys.limits, field, value) == 1 and #field == 28 then
    redis.call('HINCRBY', LIMITS.keys.limits, string.sub(field, 1, 6) .. '*', 1)
  end
  redis.call('ZREM', LIMITS.keys.paced, '!' .. field)
  if ends then
    look_at('!' .. field, ends)
  end
  change_at_once(apply_rule, field)
end`,
  'end_entry': `local function end_entry(field)
  local was_set = redis.call('HDEL', LIMITS.keys.limits, field)
  if was_set == 1 and #field == 28 then
    local star = string.sub(field, 1, 6) .. '*'
    if redis.call('HINCRBY', LIMITS.keys.limits, star, -1) <= 0 then
      redis.call('HDEL', LIMITS.keys.limits, star)
    end
  end
  change_at_once(apply_rule, field)
  return was_set
end`,
  'stop_limit': `local function stop_limit(limit, ms)
  local field, ends = limit .. '.', LIMITS.now + ms
  if ends > (noted(redis.call('HGET', LIMITS.keys.limits, field)) or 0) then
    set_entry(field, text(ends), text(ends))
  end
end`,
  'keep_pace': `local function keep_pace()
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
end`,
  'unreached_queues': `local function unreached_queues()
  local names = {}
  for name in pairs(WITHOUT_KEYS) do
    names[#names + 1] = name
  end
  return names
end`,
  'add_within': `local function add_within(queue, entries, lines, keeps)
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
end`,
  'add_to_lines': `local function add_to_lines(queue, entries, lines, keeps)
  return change_at_once(add_within, queue, entries, lines, keeps)
end`,
  'go_on': `local function go_on(queue, line, next, was_given)
  local may_start = change_at_once(next and settle_line or vanish_line, queue, line, next or was_given, was_given)
  for index = 0, #line / 27 - 1 do
    nudge(limit_at(line, index))
  end
  return may_start
end`,
  'take_out': `local function take_out(queue, entry)
  REMOVED[queue.name] = REMOVED[queue.name] or {}
  table.insert(REMOVED[queue.name], entry)
end`,
  'free_within': `local function free_within(named)
  read_slots(named)
  for _, limit in ipairs(named) do
    give_up_slot(limit)
  end
  for _, limit in ipairs(named) do
    nudge(limit)
  end
end`,
  'free_slots': `local function free_slots(named)
  change_at_once(free_within, named)
end`,
  'is_waited_for': `local function is_waited_for(limit)
  return WAITED[limit]
    or any_waiters() and redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, '[' .. limit, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
end`,
  'is_any_waited_for': `local function is_any_waited_for(line)
  for index = 0, #line / 27 - 1 do
    if is_waited_for(limit_at(line, index)) then
      return true
    end
  end
  return false
end`,
  'forget_labels': `local function forget_labels(queue, lines)
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
end`,
  'registration': `local function registration(session, child)
  local number = redis.call('HGET', session, child)
  if number then
    return number
  end
  return nil, redis.error_reply('LEASE_LOST child is not registered')
end`,
  'result_tag': `local function result_tag(message)
  local asked = has_more_tags(message) and tag(message, 'r')
  if asked and string.find(asked, '^[0-9a-z]+$') then
    return math.max(1, tonumber(string.sub(asked, 1, 6), 36)), string.sub(asked, 7, 7)
  end
end`,
  'keep_result': `local function keep_result(result, message, record)
  local seconds = result and result_tag(message)
  if seconds then
    redis.call('SET', result, record, 'EX', text(seconds))
  end
end`,
  'keep_failure': `local function keep_failure(result, message, report)
  keep_result(result, message, 'f' .. string.sub(message, 22, 24) .. report)
end`,
  'RENEWED': `local RENEWED = {}`,
  'announce': `local function announce(answering, message, record)
  local _, announced = result_tag(message)
  local id = string.sub(message, 1, 20)
  local list = announced == '1' and answering[string.sub(id, 1, 12)]
  local short = record and #record <= 1000 and record or ''
  local length = list and redis.pcall('RPUSH', list.answers, id .. short)
  if type(length) == 'number' then
    if not RENEWED[list.answers] then
      redis.call('EXPIRE', list.answers, 3600)
      RENEWED[list.answers] = true
    end
    if length > 10000 then
      redis.call('LTRIM', list.answers, -10000, -1)
    end
  end
end`,
  'remember_removed': `local function remember_removed(removed, now, entries)
  if #entries > 0 then
    remember_ids(removed, now, entries)
  end
end`,
  'RUN_TIME_CRON_FIELDS': `local RUN_TIME_CRON_FIELDS = { 'definition', 'version', 'set', 'until', 'paused', 'fired', 'skipped', 'missed', 'fires', 'run' }`,
  'AHEAD_MS': `local AHEAD_MS = 60000`,
  'note_earliest': `local function note_earliest(cron_lines, line, cron_times)
  local _, first = unpack(redis.call('ZRANGE', cron_times, 0, 0, 'WITHSCORES'))
  if first then
    redis.call('ZADD', cron_lines, first, line)
  else
    redis.call('ZREM', cron_lines, line)
  end
end`,
  'hash_of_cron': `local function hash_of_cron(crons, run_time_crons, cron)
  if redis.call('HEXISTS', crons, cron .. ' schedule') == 1 then
    return crons
  end
  if redis.call('HEXISTS', run_time_crons, cron .. ' definition') == 1 then
    return run_time_crons
  end
end`,
  'schedule': `local function schedule(scheduled, alarm, due, messages)
  local first = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
  local added = {}
  for _, message in ipairs(messages) do
    added[#added + 1] = text(due)
    added[#added + 1] = message
  end
  redis.call('ZADD', scheduled, unpack(added))
  if not first[2] or due < tonumber(first[2]) then
    ring(alarm)
  end
end`,
  'let_in': `local function let_in(bitmap, seconds, messages, add)
  local fresh, bits = {}, {}
  for i = 1, #messages do
    local message = messages[i]
    local bit = tonumber(string.sub(message, 13, 20), 36) % 4096
    if redis.call('SETBIT', bitmap, bit, 1) == 0 then
      fresh[#fresh + 1] = message
      bits[#bits + 1] = bit
    end
  end
  redis.call('EXPIRE', bitmap, seconds)
  if #fresh == 0 then
    return 0
  end
  local added, refusal = pcall(add, fresh)
  if added then
    return #fresh
  end
  for _, bit in ipairs(bits) do
    redis.call('SETBIT', bitmap, bit, 0)
  end
  return redis.error_reply(type(refusal) == 'table' and refusal.err or refusal)
end`,
  'count_stale': `local function count_stale(stats, acks)
  if acks > 0 then
    redis.pcall('HINCRBY', stats, 'stale-acks', acks)
  end
end`,
  'stream_info': `local function stream_info(key)
  local info = { ['last-generated-id'] = '0-0', ['entries-added'] = 0, length = 0 }
  if redis.call('EXISTS', key) == 1 then
    local found = redis.call('XINFO', 'STREAM', key)
    for i = 1, #found, 2 do
      info[found[i]] = found[i + 1]
    end
  end
  return info
end`,
  'is_letter': `local function is_letter(code)
  return code and (code > 96 and code < 123 or code > 64 and code < 91)
end`,
  'tag': `local function tag(message, letter)
  local at, wanted = 35, string.byte(letter)
  local found = string.byte(message, at)
  -- as is_letter: a call for each tag would be felt
  while found ~= wanted and found and (found > 96 and found < 123 or found > 64 and found < 91) do
    at = at + 28
    found = string.byte(message, at)
  end
  if found == wanted then
    return string.sub(message, at + 1, at + 27)
  end
end`,
  'body_start': `local function body_start(message)
  local at = 35
  while string.find(message, '^%a', at) do
    at = at + 28
  end
  return at
end`,
  'has_more_tags': `local function has_more_tags(message)
  local first = string.byte(message, 35)
  return first ~= 91 and (first ~= 108 or string.byte(message, 63) ~= 91)
end`,
  'has_tags': `local function has_tags(message)
  return string.byte(message, 35) ~= 91
end`,
  'wrong_targets': `local function wrong_targets(queues)
  local wrong
  for _, queue in ipairs(queues) do
    wrong = wrong or wrong_type('list', queue.pending, queue.quarantined) or wrong_type('zset', queue.scheduled)
  end
  return wrong
end`,
  'take_key': `local function take_key(keys, known_queues, target, message, due, now, held)
  -- the task itself first: should Redis refuse that, nothing has happened yet
  message = due <= now and may_have_limits(message) and not_ahead(keys, target, message, now) or message
  if due > now then
    schedule(target.scheduled, keys.alarm, due, { message })
  else
    enlist_new(keys, known_queues, target, { message })
  end
  if held then
    local its_name, former = split(held)
    local its_queue = known_queues[its_name]
    local removed = its_queue and remove(keys, known_queues, its_queue, 'scheduled', former) or 0
    if its_queue and removed == 0 then
      removed = remove(keys, known_queues, its_queue, place_of(former), former)
    end
    if removed > 0 and result_tag(former) then
      remember_removed(keys.removed, now, { text(now), string.sub(former, 1, 20) })
    end
  end
  redis.call('HSET', keys.unique, unique_digest(message), target.name .. ' ' .. message)
end`,
  'now_ms': `local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`,
  'text': `local function text(number)
  return string.format('%.0f', number)
end`,
  'noted': `local function noted(value)
  return value and #value < 16 and string.find(value, '^%d+$') and tonumber(value)
end`,
  'wrong_type': `local function wrong_type(kind, key, ...)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found)
  end
  return ... and wrong_type(kind, ...)
end`,
  'wrong_queues': `local function wrong_queues(queues)
  for _, queue in ipairs(queues) do
    local wrong = queue.pending and wrong_type('list', queue.pending)
      or queue.quarantined and wrong_type('list', queue.quarantined)
      or queue.bell and wrong_type('list', queue.bell)
      or queue.scheduled and wrong_type('zset', queue.scheduled)
      or queue.dead and wrong_type('zset', queue.dead)
      or queue.records and wrong_type('hash', queue.records)
    if wrong then
      return wrong
    end
  end
end`,
  'unique_digest': `local function unique_digest(message)
  if not has_more_tags(message) then
    return
  end
  local digest = tag(message, 'f')
  if digest then
    return digest, 'f'
  end
  digest = tag(message, 's')
  return digest, digest and 's'
end`,
  'key_held': `local function key_held(unique, message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', unique, digest)
  if holder and string.find(holder, '^%S+ ' .. string.sub(message, 1, 20)) then
    return digest
  end
end`,
  'free_key': `local function free_key(unique, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HDEL', unique, digest)
  end
end`,
  'update_key': `local function update_key(unique, queue, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HSET', unique, digest, queue .. ' ' .. message)
  end
end`,
  'wrong_lines_of_2': `local function wrong_lines_of(keys, queues, messages)
  for _, message in ipairs(messages) do
    if not IS_WHOLE and (may_have_limits(message) or member_of(message)) then
      return whole_needed()
    elseif may_have_limits(message) then
      return limit_parts().wrong_lines(keys, queues)
    end
  end
end`,
  'entry_in_line_2': `local function entry_in_line(message, line, order, keeps)
  if keeps then
    return line .. ' ' .. limit_parts().FIRST .. message
  end
  return line .. ' ' .. string.format('%013.0f', limit_parts().turn_of(message, order)) .. message
end`,
  'first_in_line_2': `local function first_in_line(queue, line, count)
  for _, entry in ipairs(limit_parts().REMOVED[queue.name] or {}) do
    if string.sub(entry, 1, #line + 1) == line .. ' ' then
      limit_parts().flush_lines(queue)
      break
    end
  end
  return limit_parts().entries_of(queue, line, count)
end`,
  'note_given_2': `local function note_given(queue, given)
  if given > (limit_parts().tag_at(queue, '~') or -1) then
    limit_parts().put_state(queue, '~', limit_parts().TAGS + given)
  end
end`,
  'blocked_by_2': `local function blocked_by(line, head)
  local keeps_any = head and string.sub(head, #line + 2, #line + 14) == FIRST
  for index = 0, #line / 27 - 1 do
    local limit = limit_at(line, index)
    local room, opens = room_of(limit, keeps_any and settling_parts().keeps_slot(message_in_line(head), limit))
    if room == 0 then
      return index, opens
    end
  end
end`,
  'pace_limit_2': `local function pace_limit(limit, at)
  local rule = limit_parts().rule_of(limit)
  if rule.interval and at > LIMITS.now then
    at = math.max(at, LIMITS.now + math.min(limit_parts().PACE, math.floor(rule.burst * rule.interval / 2000)))
  end
  limit_parts().look_at(limit, text(at))
end`,
  'settle_line_2': `local function settle_line(queue, line, head, was_given)
  local before, tenant = limit_parts().state_of(queue, line), limit_parts().tenant_of(line)
  if not tenant and limit_parts().is_behind_listed(queue, line, head) then
    limit_parts().drop_state(queue, line)
    return false
  end
  local order = not tenant and tonumber(string.sub(head, #line + 2, #line + 14)) or before and limit_parts().decoded_state(before)
  if tenant and was_given then
    note_given(queue, order)
  end
  if tenant and string.sub(head, #line + 2, #line + 14) == limit_parts().FIRST then
    -- one that keeps a slot is the next: it comes first among those that wait, so that it is found there
    order = 0
  elseif tenant and (was_given or not before) then
    order = limit_parts().next_tag(queue, tenant)
  end
  local index, opens = limit_parts().blocked_by(line, head)
  local state = index and limit_parts().WAITS + 4 * order + index or tenant and limit_parts().FAIR + order or order
  if state ~= before then
    limit_parts().forget_waiter(queue, line, before)
    limit_parts().put_state(queue, line, state)
    if index then
      redis.call('ZADD', LIMITS.keys.waiters, 0, limit_parts().waiter_of(queue, line, order, limit_parts().limit_at(line, index)))
      limit_parts().LINES.has_waiters = true
    end
  end
  if limit_parts().LINES.on_ready and not index and (state ~= before or was_given) then
    limit_parts().LINES.on_ready(queue, state)
  end
  if opens then
    pace_limit(limit_parts().limit_at(line, index), opens)
  end
  return not index
end`,
  'add_within_2': `local function add_within(queue, entries, lines, keeps)
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
  limit_parts().read_lines(queue, distinct)
  local states, named = limit_parts().STATES[queue.name], {}
  for _, line in ipairs(distinct) do
    if not states[line] and not states[limit_parts().mark_of(line)] then
      for index = 0, #line / 27 - 1 do
        named[#named + 1] = limit_parts().limit_at(line, index)
      end
    end
  end
  limit_parts().read_limits(named)
  for _, line in ipairs(distinct) do
    local state, first = states[line], firsts[line]
    local is_behind = state and not kept[line]
      and (limit_parts().tenant_of(line) or (limit_parts().decoded_state(state)) <= tonumber(string.sub(first, #line + 2, #line + 14)))
    local is_ready = is_behind and state < limit_parts().WAITS
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
end`,
  'add_to_lines_2': `local function add_to_lines(queue, entries, lines, keeps)
  return change_at_once(settling_parts().add_within, queue, entries, lines, keeps)
end`,
  'line_up_2': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
  local plain, entries, lines, kept, marks = messages, nil, nil, nil, nil
  for i, message in ipairs(messages) do
    local line, order, keeps
    if may_have_limits(message) then
      line, order, keeps = limit_parts().line_of(message)
    end
    if line and plain == messages then
      plain, marks = i > 1 and part(messages, 1, i - 1) or {}, {}
      limit_parts().use_limits(keys)
    end
    local came = line and is_new and limit_parts().turn_of(message)
    if came and (came > LIMITS.now or is_sent and came < LIMITS.now - FRESH) then
      message, came = come_now(keys, queue, message, LIMITS.now), LIMITS.now
    end
    if line and not (came and not order and not keeps and limit_parts().may_list(queue, line, came, marks)) then
      message = is_sent and at_time(message, LIMITS.now) or message
      entries, lines, kept = entries or {}, lines or {}, kept or {}
      local at = #entries + 1
      entries[at], lines[at], kept[at] = settling_parts().entry_in_line(message, line, order, keeps), line, keeps
    elseif plain ~= messages then
      plain[#plain + 1] = message
    end
  end
  local may_start = #plain > 0
  if entries then
    -- a foreign list is found before anything is in its line
    redis.call('LLEN', queue.pending)
    limit_parts().use_lines(keys, queues)
    limit_parts().put_marks(queue, marks)
    may_start = limit_parts().add_to_lines(queue, entries, lines, kept) or may_start
  end
  push(queue.pending, plain, at_head)
  if marks and not entries then
    -- behind the push: without its task a mark would keep its line from starting
    limit_parts().note_marks(queue, marks)
  end
  return may_start
end`,
  'note_labels_2': `local function note_labels(keys, labels, added, sent)
  -- what a short form adds has no limit
  if #labels == 0 or not IS_WHOLE then
    return
  elseif #added == sent then
    limit_parts().note_all_labels(keys, labels)
  else
    limit_parts().note_labels_of(keys, labels, added)
  end
end`,
  'place_in_line_2': `local function place_in_line(message)
  local line, order, keeps = limit_parts().line_of(message)
  if line then
    return entry_in_line(message, line, order, keeps), line, keeps
  end
end`,
  'vanish_line_2': `local function vanish_line(queue, line, was_given)
  local before, tenant = limit_parts().drop_state(queue, line), limit_parts().tenant_of(line)
  if not tenant then
    limit_parts().is_behind_listed(queue, line)
  elseif before and was_given then
    note_given(queue, (limit_parts().decoded_state(before)))
  end
end`,
  'keeps_head_2': `local function keeps_head(queue, line, limit)
  local head = queue.held and settling_parts().first_in_line(queue, line)[1]
  return head and settling_parts().keeps_slot(message_in_line(head), limit)
end`,
  'nudge_within_2': `local function nudge_within(limit)
  local from, woken = '[' .. limit, 0
  while limit_parts().LINES.has_waiters do
    local found = redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, from, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    limit_parts().WAITED[limit] = true
    local name, kind, order, line = string.match(string.sub(found, 28), '^(%S+) (%l)(%d+) (%S+)$')
    local queue = limit_parts().QUEUES_MET[name or '']
    local is_ordered = limit_parts().rule_of(limit).ordered
    -- whether its head may keep a slot, also of a limit that is ordered no more
    local may_keep = line ~= '*' and order == limit_parts().FIRST
    local room, opens = limit_parts().room_of(limit, may_keep and queue and limit_parts().keeps_head(queue, line, limit))
    if opens then
      pace_limit(limit, opens)
    end
    if room == 0 and not opens and may_keep and not queue then
      limit_parts().WITHOUT_KEYS[name] = true
      pace_limit(limit, LIMITS.now)
    end
    if room == 0 and (opens or not is_ordered or woken == limit_parts().MOST_WOKEN) then
      return
    elseif woken == limit_parts().MOST_WOKEN then
      return pace_limit(limit, LIMITS.now)
    end
    woken = woken + 1
    local is_awake = true
    if room == 0 then
      -- another line may keep the slot, and is the next
      from = (order == limit_parts().FIRST or not name) and '(' .. found or '[' .. limit .. name .. ' ' .. (kind == 'a' and 'b' or '~')
    elseif queue and queue.held and queue.bell then
      redis.call('ZREM', LIMITS.keys.waiters, found)
      is_awake = line == '*' or refresh_line(queue, line)
      if is_awake then
        ring(queue.bell)
      end
    elseif name then
      limit_parts().WITHOUT_KEYS[name] = true
      pace_limit(limit, LIMITS.now)
    else
      redis.call('ZREM', LIMITS.keys.waiters, found)
    end
    if room > 0 and is_awake and name then
      from = '[' .. limit .. name .. ' ' .. (kind == 'a' and line ~= '*' and 'b' or '~')
    end
  end
end`,
  'nudge_2': `local function nudge(limit)
  if any_waiters() then
    change_at_once(settling_parts().nudge_within, limit)
  end
end`,
  'go_on_2': `local function go_on(queue, line, next, was_given)
  local may_start = limit_parts().change_at_once(next and settle_line or vanish_line, queue, line, next or was_given, was_given)
  for index = 0, #line / 27 - 1 do
    limit_parts().nudge(limit_parts().limit_at(line, index))
  end
  return may_start
end`,
  'may_be_listed_2': `local function may_be_listed(queue, line, message)
  local mark, turn = limit_parts().state_of(queue, limit_parts().mark_of(line)), limit_parts().turn_of(message)
  return mark == LISTED + turn or mark == BEHIND + turn
end`,
  'unlist_2': `local function unlist(queue, line)
  local member = mark_of(line)
  local mark = state_of(queue, member)
  if not mark then
    return false
  end
  put_state(queue, member, false)
  return mark >= BEHIND and settling_parts().refresh_line(queue, line)
end`,
  'end_limits_2': `local function end_limits(keys, queues, queue, message, letters)
  local has_limits = may_have_limits(message)
  local given_up = has_limits and limit_parts().limits_of(message, letters) or {}
  local line = has_limits and limit_parts().line_of(message)
  if #given_up == 0 and not line then
    return
  end
  limit_parts().use_lines(keys, queues)
  limit_parts().free_slots(given_up)
  limit_parts().forget_labels(queue, { line or nil })
end`,
  'remove_2': `local function remove(keys, queues, queue, place, message, passed)
  local removed, entry, line = 0, nil, nil
  if (place == 'pending' or place == 'held') and may_have_limits(message) then
    entry, line = settling_parts().place_in_line(message)
  end
  if place == 'scheduled' then
    removed = redis.call('ZREM', queue.scheduled, message)
  elseif not entry then
    removed = place == 'held' and 0 or remove_listed(queue[place], message, passed)
  else
    limit_parts().use_lines(keys, queues)
    removed = redis.call('ZREM', queue.held, entry)
    if removed > 0 then
      if settling_parts().go_on(queue, line, settling_parts().first_in_line(queue, line)[1], false) then
        ring(queue.bell)
      end
    else
      local is_listed = may_be_listed(queue, line, message)
      -- one that others have put there has no mark; a search that has found it goes on until it is gone
      removed = (is_listed or passed and place == 'pending') and remove_listed(queue.pending, message, passed) or 0
      if removed > 0 and is_listed and limit_parts().change_at_once(limit_parts().unlist, queue, line) then
        ring(queue.bell)
      end
    end
  end
  if removed > 0 then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, WAITING)
  end
  return removed
end`,
  'groups_of_2': `local function groups_of(keys, queues)
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
    local name = string.match(about or '', '^(".*")\\n') or '""'
    return '{"id":"' .. group.id .. '","name":' .. name .. ',"state":"' .. group.state .. '",' .. counts
      .. (culprit and ',"culprit":' .. culprit or '') .. '}'
  end

  -- A task in its queue: it has waited there since now.
  local stamp
  local function begun(message)
    stamp = stamp or base36(tonumber(now), 9)
    return string.sub(message, 1, 25) .. stamp .. string.sub(message, 35)
  end

  -- Tasks that waited, \`<queue> <message>\`, come to their queues in their order, those of one queue together.
  function own.send(entries)
    local together = {}
    for _, entry in ipairs(entries) do
      local name, message = split(entry)
      local queue = queues[name]
      local line = queue and may_have_limits(message) and limit_parts().line_of(message)
      -- found by the promoter, too, which keeps the order until somebody has removed the foreign key
      local has_keys = queue and queue.pending and queue.bell
        and (not line or keys.limits and queue.held and not limit_parts().wrong_lines(keys, { queue }))
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

  -- A node no longer waits for one of those before it. Failures reach those with the policy \`end\` as an end; for others they are for good:
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

  -- Reaches those that wait for a node, \`which\` of them: \`all\`, or those whose policy is \`fail\` or \`end\`.
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

  -- A member has left: \`done\`, \`dead\`, \`dropped\`, \`cancelled\`, or \`deleted\` from the dead.
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

  -- Walks over the nodes of a flow from \`from\` on. Returns where to go on; nothing at the end.
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

  -- Ends the nodes that have not started. Returns them as \`<queue> <message>\`.
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

  -- Nobody starts any more of its members: somebody cancelled it, or its time is over. \`broadcasts\` is the stream that reaches those that
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
end`,
  'leave_group_2': `local function leave_group(keys, queues, message, how, report)
  if member_of(message) then
    group_parts().shared_groups(keys, queues).left(message, how, report)
  end
end`,
  'redrive_2': `local function redrive(keys, queue, ids, messages, noting, kept)
  local known_queues = {}
  for i, message in ipairs(messages) do
    if member_of(message) and not group_parts().shared_groups(keys, known_queues).redriven(message) then
      messages[i] = group_parts().without_group(message)
    end
  end
  known_queues[queue.name] = queue
  enlist_new(keys, known_queues, queue, messages)
  for _, id in ipairs(ids) do
    if kept[id] then
      redis.call('DEL', kept[id].result)
    end
    local notes = noting[id] and redis.pcall('HGET', queue.dead_notes, id)
    if type(notes) == 'string' then
      redis.call('SET', noting[id].notes, notes, 'EX', 86400)
    end
  end
  -- else it would end without a trace when it is given back or retried
  redis.call('ZREM', keys.cancelled, unpack(ids))
  forget_dead(queue, ids)
  for _, message in ipairs(messages) do
    local digest = unique_digest(message)
    if digest then
      redis.call('HSETNX', keys.unique, digest, queue.name .. ' ' .. message)
    end
  end
end`,
  'waits_as_whole_2': `local function waits_as_whole(keys, queue)
  local gate = redis.pcall('HGET', keys.gates, queue.name)
  local found = type(gate) == 'string' and redis.pcall('ZSCORE', keys.waiters, limit_parts().waiting_queue(queue, gate))
  return type(found) == 'string'
end`,
  'tasks_ahead_2': `local function tasks_ahead(queue, line, entry)
  local is_listed = (tonumber(redis.call('ZSCORE', queue.ready, limit_parts().mark_of(line)) or '') or 0) >= BEHIND
  return limit_parts().tasks_in(queue, line, entry) + (is_listed and 1 or 0)
end`,
  'next_of_2': `local function next_of(keys, queue)
  if waits_as_whole(keys, queue) then
    return
  end
  local found = redis.call('LINDEX', queue.pending, 0)
  for _, from in ipairs({ '-inf', '0' }) do
    local till = '(' .. (from == '0' and text(WAITS) or '0')
    local line = redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'LIMIT', 0, 1)[1]
    local head = line and limit_parts().entries_of(queue, line)[1]
    local message = head and limit_parts().message_in_line(head)
    if message and (not found or came_at(message) < came_at(found)) then
      found = message
    end
  end
  return found
end`,
  'count_lines_2': `local function count_lines(queue)
  local all = redis.call('ZCARD', queue.held)
  if all == 0 then
    return 0, 0
  end
  local ready, waiting = lines_of_kind(queue, true, 0), lines_of_kind(queue, false, 0)
  local counts_ready = ready <= waiting
  local few, lines = lines_of_kind(queue, counts_ready, LINES_TO_COUNT)
  local looked, found = #lines, 0
  LINES_TO_COUNT = LINES_TO_COUNT - looked
  for _, line in ipairs(lines) do
    found = found + limit_parts().tasks_in(queue, line)
  end
  if looked < few then
    found = looked > 0 and found * few / looked or all * few / (ready + waiting)
  end
  found = math.min(math.floor(found), all)
  return counts_ready and found or all - found, counts_ready and all - found or found
end`,
  'keep_ordered_2': `local function keep_ordered(keys, task, message)
  for _, limit in ipairs(may_have_limits(message) and limit_parts().limits_of(message, CLAIMED) or {}) do
    limit_parts().use_lines(keys, task.known_queues)
    if limit_parts().rule_of(limit).ordered then
      message = limit_parts().with_letter(message, 'l', limit, 'L')
    end
  end
  return message
end`,
  'give_up_slots_2': `local function give_up_slots(keys, task, message)
  local given_up = {}
  for _, limit in ipairs(may_have_limits(task.claimed) and limit_parts().limits_of(task.claimed, CLAIMED) or {}) do
    if not settling_parts().keeps_slot(message, limit) then
      given_up[#given_up + 1] = limit
    end
  end
  if #given_up > 0 then
    limit_parts().use_lines(keys, task.known_queues)
    limit_parts().free_slots(given_up)
  end
end`,
  'not_ahead_2': `local function not_ahead(keys, queue, message, now)
  return limit_parts().turn_of(message) > now and come_now(keys, queue, message, now) or message
end`,
  'line_of_2': `local function line_of(message)
  -- as most: one limit, and no other tag
  local only = string.byte(message, 63) == 91 and string.match(message, '^l([%w_-]*)%[', 35)
  if only then
    return only
  end
  return settling_parts().line_of_tags(message)
end`,
  'may_have_limits_2': `local function may_have_limits(message)
  local at, letter = 35, string.byte(message, 35)
  -- l, L, o, q; as is_letter, without a call for each
  while letter and (letter > 96 and letter < 123 or letter > 64 and letter < 91) do
    if letter == 108 or letter == 76 or letter == 111 or letter == 113 then
      return not settling_parts().is_foreign(message)
    end
    at = at + 28
    letter = string.byte(message, at)
  end
  return false
end`,
  'come_now_2': `local function come_now(keys, queue, message, now)
  message = settling_parts().at_time(message, now)
  if keys.unique then
    settling_parts().update_key(keys.unique, queue.name, message)
  end
  return message
end`,
  'may_list_2': `local function may_list(queue, line, turn, marks)
  local mark = mark_of(line)
  if turn < LIMITS.now - FRESH or marks[mark] then
    return false
  end
  -- what the script has changed is not yet written
  local known = STATES[queue.name] and { settling_parts().state_of(queue, line), settling_parts().state_of(queue, mark) }
    or redis.call('ZMSCORE', queue.ready, line, mark)
  if known[1] or known[2] or any_waiters() and settling_parts().is_any_waited_for(line) then
    return false
  end
  marks[mark] = LISTED + turn
  marks[#marks + 1] = marks[mark]
  marks[#marks + 1] = mark
  return true
end`,
  'line_up_3': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
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
      message = is_sent and settling_parts().at_time(message, LIMITS.now) or message
      entries, lines, kept = entries or {}, lines or {}, kept or {}
      local at = #entries + 1
      entries[at], lines[at], kept[at] = settling_parts().entry_in_line(message, line, order, keeps), line, keeps
    elseif plain ~= messages then
      plain[#plain + 1] = message
    end
  end
  local may_start = #plain > 0
  if entries then
    -- a foreign list is found before anything is in its line
    redis.call('LLEN', queue.pending)
    settling_parts().use_lines(keys, queues)
    settling_parts().put_marks(queue, marks)
    may_start = settling_parts().add_to_lines(queue, entries, lines, kept) or may_start
  end
  push(queue.pending, plain, at_head)
  if marks and not entries then
    -- behind the push: without its task a mark would keep its line from starting
    note_marks(queue, marks)
  end
  return may_start
end`,
  'note_labels_3': `local function note_labels(keys, labels, added, sent)
  -- what a short form adds has no limit
  if #labels == 0 or not IS_WHOLE then
    return
  elseif #added == sent then
    note_all_labels(keys, labels)
  else
    settling_parts().note_labels_of(keys, labels, added)
  end
end`,
  'pace_limit_3': `local function pace_limit(limit, at)
  local rule = limit_parts().rule_of(limit)
  if rule.interval and at > limit_parts().LIMITS.now then
    at = math.max(at, limit_parts().LIMITS.now + math.min(limit_parts().PACE, math.floor(rule.burst * rule.interval / 2000)))
  end
  limit_parts().look_at(limit, text(at))
end`,
  'settle_line_3': `local function settle_line(queue, line, head, was_given)
  local before, tenant = limit_parts().state_of(queue, line), limit_parts().tenant_of(line)
  if not tenant and limit_parts().is_behind_listed(queue, line, head) then
    limit_parts().drop_state(queue, line)
    return false
  end
  local order = not tenant and tonumber(string.sub(head, #line + 2, #line + 14)) or before and limit_parts().decoded_state(before)
  if tenant and was_given then
    note_given(queue, order)
  end
  if tenant and string.sub(head, #line + 2, #line + 14) == limit_parts().FIRST then
    -- one that keeps a slot is the next: it comes first among those that wait, so that it is found there
    order = 0
  elseif tenant and (was_given or not before) then
    order = limit_parts().next_tag(queue, tenant)
  end
  local index, opens = limit_parts().blocked_by(line, head)
  local state = index and limit_parts().WAITS + 4 * order + index or tenant and limit_parts().FAIR + order or order
  if state ~= before then
    limit_parts().forget_waiter(queue, line, before)
    limit_parts().put_state(queue, line, state)
    if index then
      redis.call('ZADD', limit_parts().LIMITS.keys.waiters, 0, limit_parts().waiter_of(queue, line, order, limit_parts().limit_at(line, index)))
      limit_parts().LINES.has_waiters = true
    end
  end
  if limit_parts().LINES.on_ready and not index and (state ~= before or was_given) then
    limit_parts().LINES.on_ready(queue, state)
  end
  if opens then
    pace_limit(limit_parts().limit_at(line, index), opens)
  end
  return not index
end`,
  'line_up_4': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
  local plain, entries, lines, kept, marks = messages, nil, nil, nil, nil
  for i, message in ipairs(messages) do
    local line, order, keeps
    if may_have_limits(message) then
      line, order, keeps = limit_parts().line_of(message)
    end
    if line and plain == messages then
      plain, marks = i > 1 and part(messages, 1, i - 1) or {}, {}
      limit_parts().use_limits(keys)
    end
    local came = line and is_new and limit_parts().turn_of(message)
    if came and (came > limit_parts().LIMITS.now or is_sent and came < limit_parts().LIMITS.now - limit_parts().FRESH) then
      message, came = come_now(keys, queue, message, limit_parts().LIMITS.now), limit_parts().LIMITS.now
    end
    if line and not (came and not order and not keeps and limit_parts().may_list(queue, line, came, marks)) then
      message = is_sent and at_time(message, limit_parts().LIMITS.now) or message
      entries, lines, kept = entries or {}, lines or {}, kept or {}
      local at = #entries + 1
      entries[at], lines[at], kept[at] = settling_parts().entry_in_line(message, line, order, keeps), line, keeps
    elseif plain ~= messages then
      plain[#plain + 1] = message
    end
  end
  local may_start = #plain > 0
  if entries then
    -- a foreign list is found before anything is in its line
    redis.call('LLEN', queue.pending)
    limit_parts().use_lines(keys, queues)
    limit_parts().put_marks(queue, marks)
    may_start = limit_parts().add_to_lines(queue, entries, lines, kept) or may_start
  end
  push(queue.pending, plain, at_head)
  if marks and not entries then
    -- behind the push: without its task a mark would keep its line from starting
    limit_parts().note_marks(queue, marks)
  end
  return may_start
end`,
  'nudge_within_3': `local function nudge_within(limit)
  local from, woken = '[' .. limit, 0
  while limit_parts().LINES.has_waiters do
    local found = redis.call('ZRANGEBYLEX', limit_parts().LIMITS.keys.waiters, from, '(' .. limit .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    limit_parts().WAITED[limit] = true
    local name, kind, order, line = string.match(string.sub(found, 28), '^(%S+) (%l)(%d+) (%S+)$')
    local queue = limit_parts().QUEUES_MET[name or '']
    local is_ordered = limit_parts().rule_of(limit).ordered
    -- whether its head may keep a slot, also of a limit that is ordered no more
    local may_keep = line ~= '*' and order == limit_parts().FIRST
    local room, opens = limit_parts().room_of(limit, may_keep and queue and limit_parts().keeps_head(queue, line, limit))
    if opens then
      pace_limit(limit, opens)
    end
    if room == 0 and not opens and may_keep and not queue then
      limit_parts().WITHOUT_KEYS[name] = true
      pace_limit(limit, limit_parts().LIMITS.now)
    end
    if room == 0 and (opens or not is_ordered or woken == limit_parts().MOST_WOKEN) then
      return
    elseif woken == limit_parts().MOST_WOKEN then
      return pace_limit(limit, limit_parts().LIMITS.now)
    end
    woken = woken + 1
    local is_awake = true
    if room == 0 then
      -- another line may keep the slot, and is the next
      from = (order == limit_parts().FIRST or not name) and '(' .. found or '[' .. limit .. name .. ' ' .. (kind == 'a' and 'b' or '~')
    elseif queue and queue.held and queue.bell then
      redis.call('ZREM', limit_parts().LIMITS.keys.waiters, found)
      is_awake = line == '*' or refresh_line(queue, line)
      if is_awake then
        ring(queue.bell)
      end
    elseif name then
      limit_parts().WITHOUT_KEYS[name] = true
      pace_limit(limit, limit_parts().LIMITS.now)
    else
      redis.call('ZREM', limit_parts().LIMITS.keys.waiters, found)
    end
    if room > 0 and is_awake and name then
      from = '[' .. limit .. name .. ' ' .. (kind == 'a' and line ~= '*' and 'b' or '~')
    end
  end
end`,
  'nudge_all_2': `local function nudge_all(name, from)
  local next = from == '' and '[' .. name or '[' .. from .. '~'
  for _ = 1, limit_parts().MOST_WOKEN do
    local found = redis.call('ZRANGEBYLEX', limit_parts().LIMITS.keys.waiters, next, '(' .. name .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    from = string.sub(found, 1, 27)
    limit_parts().nudge(from)
    next = '[' .. from .. '~'
  end
  limit_parts().look_at('*' .. name .. from, text(limit_parts().LIMITS.now))
end`,
  'apply_rule_2': `local function apply_rule(field)
  forget_rules()
  if #field == 28 then
    nudge(string.sub(field, 1, 27))
  else
    settling_parts().nudge_all(string.sub(field, 1, 6), '')
  end
end`,
  'keep_pace_2': `local function keep_pace()
  change_at_once(function()
    for _, entry in ipairs(redis.call('ZRANGEBYSCORE', LIMITS.keys.paced, '-inf', text(LIMITS.now), 'LIMIT', 0, 100)) do
      redis.call('ZREM', LIMITS.keys.paced, entry)
      local kind, rest = string.sub(entry, 1, 1), string.sub(entry, 2)
      if kind == '!' then
        end_entry(rest)
      elseif kind == '*' then
        settling_parts().nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))
      else
        nudge(entry)
      end
    end
  end)
  return tonumber(redis.call('ZRANGE', LIMITS.keys.paced, 0, 0, 'WITHSCORES')[2])
end`,
  'end_cancelled_2': `local function end_cancelled(keys, task)
  local was_cancelled = is_cancelled(keys.cancelled, task.message)
  if was_cancelled then
    rare_parts().end_as_cancelled(keys, task)
  end
  return was_cancelled
end`,
  'line_up_5': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
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
      entries[at], lines[at], kept[at] = settling_parts().entry_in_line(message, line, order, keeps), line, keeps
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
end`,
  'nudge_all_3': `local function nudge_all(name, from)
  local next = from == '' and '[' .. name or '[' .. from .. '~'
  for _ = 1, limit_parts().MOST_WOKEN do
    local found = redis.call('ZRANGEBYLEX', LIMITS.keys.waiters, next, '(' .. name .. '~', 'LIMIT', 0, 1)[1]
    if not found then
      return
    end
    from = string.sub(found, 1, 27)
    limit_parts().nudge(from)
    next = '[' .. from .. '~'
  end
  limit_parts().look_at('*' .. name .. from, text(LIMITS.now))
end`,
  'IS_WHOLE_2': `local IS_WHOLE = false`,
  'line_up_6': `local function line_up(keys, queues, queue, messages, at_head, is_new, is_sent)
  local plain, entries, lines, kept, marks = messages, nil, nil, nil, nil
  for i, message in ipairs(messages) do
    local line, order, keeps
    if may_have_limits(message) then
      line, order, keeps = limit_parts().line_of(message)
    end
    if line and plain == messages then
      plain, marks = i > 1 and part(messages, 1, i - 1) or {}, {}
      limit_parts().use_limits(keys)
    end
    local came = line and is_new and limit_parts().turn_of(message)
    if came and (came > limit_parts().LIMITS.now or is_sent and came < limit_parts().LIMITS.now - limit_parts().FRESH) then
      message, came = come_now(keys, queue, message, limit_parts().LIMITS.now), limit_parts().LIMITS.now
    end
    if line and not (came and not order and not keeps and limit_parts().may_list(queue, line, came, marks)) then
      message = is_sent and at_time(message, limit_parts().LIMITS.now) or message
      entries, lines, kept = entries or {}, lines or {}, kept or {}
      local at = #entries + 1
      entries[at], lines[at], kept[at] = limit_parts().entry_in_line(message, line, order, keeps), line, keeps
    elseif plain ~= messages then
      plain[#plain + 1] = message
    end
  end
  local may_start = #plain > 0
  if entries then
    -- a foreign list is found before anything is in its line
    redis.call('LLEN', queue.pending)
    limit_parts().use_lines(keys, queues)
    limit_parts().put_marks(queue, marks)
    may_start = limit_parts().add_to_lines(queue, entries, lines, kept) or may_start
  end
  push(queue.pending, plain, at_head)
  if marks and not entries then
    -- behind the push: without its task a mark would keep its line from starting
    limit_parts().note_marks(queue, marks)
  end
  return may_start
end`,
  'may_be_listed_3': `local function may_be_listed(queue, line, message)
  local mark, turn = limit_parts().state_of(queue, limit_parts().mark_of(line)), limit_parts().turn_of(message)
  return mark == limit_parts().LISTED + turn or mark == limit_parts().BEHIND + turn
end`,
  'remove_3': `local function remove(keys, queues, queue, place, message, passed)
  local removed, entry, line = 0, nil, nil
  if (place == 'pending' or place == 'held') and may_have_limits(message) then
    entry, line = limit_parts().place_in_line(message)
  end
  if place == 'scheduled' then
    removed = redis.call('ZREM', queue.scheduled, message)
  elseif not entry then
    removed = place == 'held' and 0 or remove_listed(queue[place], message, passed)
  else
    limit_parts().use_lines(keys, queues)
    removed = redis.call('ZREM', queue.held, entry)
    if removed > 0 then
      if limit_parts().go_on(queue, line, limit_parts().first_in_line(queue, line)[1], false) then
        ring(queue.bell)
      end
    else
      local is_listed = may_be_listed(queue, line, message)
      -- one that others have put there has no mark; a search that has found it goes on until it is gone
      removed = (is_listed or passed and place == 'pending') and remove_listed(queue.pending, message, passed) or 0
      if removed > 0 and is_listed and limit_parts().change_at_once(limit_parts().unlist, queue, line) then
        ring(queue.bell)
      end
    end
  end
  if removed > 0 then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, WAITING)
  end
  return removed
end`,
  'limits_among_2': `local function limits_among(numbers, messages)
  local found
  for _, i in ipairs(numbers) do
    found = may_have_limits(messages[i]) and limit_parts().limits_of(messages[i], CLAIMED, found) or found
  end
  return found and found[1] and found
end`,
  'give_up_slots_3': `local function give_up_slots(keys, task, message)
  local given_up = {}
  for _, limit in ipairs(may_have_limits(task.claimed) and limit_parts().limits_of(task.claimed, CLAIMED) or {}) do
    if not limit_parts().keeps_slot(message, limit) then
      given_up[#given_up + 1] = limit
    end
  end
  if #given_up > 0 then
    limit_parts().use_lines(keys, task.known_queues)
    limit_parts().free_slots(given_up)
  end
end`,
};

/** The whole text of each script in lua/, by its name. */
export const LUA: Readonly<Record<ScriptName, string>> = {
  'declare-crons': `#!lua flags=allow-oom
${LIB.part}
${LIB.noted}
${LIB.now_ms}
${LIB.text}
${LIB.ring}
${LIB.schedule}
-- records the crons of an app; a new, changed or enabled one begins at the present.
-- Returns 1.
local crons = KEYS[1]
local tolerance_ms = ARGV[1]
local entries = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An entry is name, schedule, definition, and for a cron that heeds releases its delay in ms, 1 for a run or 0, and the release, else \`''\`. The
-- tolerance says how far a record may be ahead of the clock.
--
-- Atomic because a record without a beginning would make up for every run since 1970. One that is far ahead was written
-- under a clock that has been set back since: left as it is, the cron would stand still until the clock gets there again. So would the run of a
-- release.
-- A cron whose limit was reached, and that has a higher one or none now, has missed nothing since.
-- A worker that disables a cron leaves the record alone while others may fire it; forget-crons notes when none does.

local MOST_RELEASES = 10

local function is_disabled(definition)
  -- within a string of JSON its quotes would be escaped
  return definition and string.find(definition, '"disabled":true', 1, true)
end

local function limit_of(definition)
  return tonumber(string.match(definition or '', '"limit":(%d+)'))
end

-- Whether all runs of a cron were fired under its former definition, and more are to be under the new one.
local function goes_on(name, former, definition)
  local limit = limit_of(former)
  local fires = limit and noted(redis.call('HGET', crons, name .. ' fires'))
  return fires and fires >= limit and fires < (limit_of(definition) or math.huge)
end

local now = now_ms()

-- A release is new once: an older worker that starts again, and a rollback, change nothing. Of the last ones as many are remembered: the newest, then
-- those that were declared last, so that one which a rollback has brought back outlives those that nobody runs.
local function open_release(name, given)
  local delay_ms, runs, release = string.match(given, '^(%d+) ([01]) (%S+)$')
  if not release then
    return
  end
  local known = redis.call('HGET', crons, name .. ' releases') or ''
  local newest = string.match(known, '%S+')
  local is_new = not string.find(' ' .. known .. ' ', ' ' .. release .. ' ', 1, true)
  local releases = { is_new and release or newest, not is_new and release ~= newest and release or nil }
  for former in string.gmatch(known, '%S+') do
    if former ~= newest and former ~= release or is_new then
      releases[#releases + 1] = #releases < MOST_RELEASES and former or nil
    end
  end
  redis.call('HSET', crons, name .. ' releases', table.concat(releases, ' '))
  local begins, noted_begins = now + tonumber(delay_ms), noted(redis.call('HGET', crons, name .. ' begins'))
  local is_ahead = release == newest and noted_begins and noted_begins > begins + tolerance_ms
  if is_new or is_ahead then
    local is_due = is_new and runs == '1' or is_ahead and redis.call('HEXISTS', crons, name .. ' immediate') == 1
    redis.call('HSET', crons, name .. ' begins', text(begins))
    redis.call('HDEL', crons, name .. ' immediate')
    if is_due then
      redis.call('HSET', crons, name .. ' immediate', text(begins))
    end
  end
end

for i = 1, #entries, 4 do
  local name, expression, definition = entries[i], entries[i + 1], entries[i + 2]
  local former = redis.call('HMGET', crons, name .. ' schedule', name .. ' until', name .. ' definition', name .. ' disabled')
  local settled, idle = noted(former[2]), former[4] or is_disabled(former[3])
  if not settled or idle or not is_disabled(definition) then
    if former[1] ~= expression then
      redis.call('HDEL', crons, name .. ' fires')
      settled = now
    elseif not settled or settled > now + tolerance_ms or idle or goes_on(name, former[3], definition) then
      settled = now
    end
    redis.call('HSET', crons, name .. ' schedule', expression, name .. ' definition', definition, name .. ' until', text(settled))
    if not is_disabled(definition) then
      redis.call('HDEL', crons, name .. ' disabled')
      open_release(name, entries[i + 3])
    end
  end
end
return 1`,
  'due-crons': `#!lua flags=allow-oom
${LIB.text}
${LIB.now_ms}
${LIB.noted}
${LIB.note_earliest}
-- reads the crons set at run time that are to be looked at, the longest due first.
-- Returns of each its name, definition, version, \`until\`, 1 if it is paused, 0 if not, and how many runs were fired, as
-- far as a limit counts them.
local run_time_crons, cron_times, cron_lines = KEYS[1], KEYS[2], KEYS[3]
local line, most = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the earliest time of the line is corrected by what is in it: a cron that another caller adds must not be overlooked. Crons that were
-- removed, and names that others wrote, leave the line.

local due, fields, replies = redis.call('ZRANGEBYSCORE', cron_times, '-inf', text(now_ms()), 'LIMIT', 0, most), {}, {}
for _, name in ipairs(due) do
  for _, field in ipairs({ 'definition', 'version', 'until', 'paused', 'fires' }) do
    fields[#fields + 1] = name .. ' ' .. field
  end
end
local records = #due > 0 and redis.call('HMGET', run_time_crons, unpack(fields))
for i, name in ipairs(due) do
  local definition, version, settled, paused, fires = unpack(records, 5 * i - 4, 5 * i)
  if definition and version and noted(settled) then
    replies[#replies + 1] = { name, definition, version, settled, paused and 1 or 0, noted(fires) or 0 }
  else
    redis.call('ZREM', cron_times, name)
  end
end
note_earliest(cron_lines, line, cron_times)
return replies`,
  'fire-crons': `#!lua
local limit_parts
local settling_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.now_ms}
${LIB.unique_digest}
${LIB.noted}
${LIB.text}
${LIB.add_to_history}
${LIB.note_earliest}
${LIB.AHEAD_MS}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.base36}
${LIB.at_time}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.ring}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.by_name}
${LIB.note_labels_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.note_all_labels}
${LIB.limits_of}
${LIB.DECLARED}
${LIB.note_labels_of}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks, note_all_labels = note_all_labels, note_labels_of = note_labels_of }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- enqueues the due runs of crons of one queue, each time once, and notes which were left out.
-- Returns for each cron the numbers fired (-1 for an unknown one) and skipped, the queue of the run that causes skips,
-- the end of the last run, and whether its limit is reached.
local keys = {
  crons = KEYS[1],
  run_time_crons = KEYS[2],
  cron_times = KEYS[3],
  cron_lines = KEYS[4],
  unique = KEYS[5],
  alarm = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local line, keep = ARGV[1], ARGV[2]
local queue = { name = ARGV[3], pending = KEYS[13], bell = KEYS[14], held = KEYS[15], ready = KEYS[16] }
local firing = {}
for i = 1, ARGV[4] do
  firing[i] = { name = ARGV[i + 5], cron_runs = KEYS[i + 16] }
end
local labels = part(ARGV, #firing + 6, #firing + 5 + ARGV[5])
local entries = part(ARGV, #firing + #labels + 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Each cron has one entry: the number of its runs, \`''\` or the version of a run-time cron and when to look at it next, its jitter
-- in ms, a line of history about instants that are left out, '' for none, up to when the cron was settled before these, the last
-- of them and their number, its limit or \`''\`, the instant of its run at a release or \`''\`; then each run: its instant in ms since 1970 and its message, oldest first. \`line\` is
-- that of run-time crons, '' for declared ones; one that was set again meanwhile is left as it is. \`labels\` are limits of all runs,
-- each followed by its key in clear. Fired and skipped are 0 when others were faster. Of a cron with a limit no more are fired than
-- that; what comes due then stays unsettled. A run with a key that is taken is skipped: an earlier one waits or is under way, in the
-- queue that is returned, '' for none. How the last run ended is JSON, '' for none. A run-time cron whose limit is reached is looked at a day later.
--
-- Atomic because of all supervisors that try, one must find the instant unsettled. Without allow-oom: a full Redis refuses
-- before the first write, and the instants stay due.

local hash = line == '' and keys.crons or keys.run_time_crons
local wrong = wrong_type('hash', hash, keys.unique)
  or wrong_type('zset', keys.cron_times, keys.cron_lines)
  or wrong_queues({ queue })
if wrong then
  return wrong
end
local fields, its_messages, at = {}, {}, 1
for _, cron in ipairs(firing) do
  local runs, plan, limit
  runs, plan, cron.jitter, cron.missed, cron.settled, cron.passed, cron.count, limit, cron.immediate = unpack(entries, at, at + 8)
  cron.first, cron.last, cron.limit = at + 9, at + 8 + 2 * runs, tonumber(limit)
  cron.version, cron.next_look = string.match(plan, '^(%d+) (%d+)$')
  for _, field in ipairs({ ' until', ' paused', ' run', ' skipped', ' version', ' missed' }) do
    fields[#fields + 1] = cron.name .. field
  end
  for i = cron.first + 1, cron.last, 2 do
    its_messages[#its_messages + 1] = entries[i]
  end
  at = cron.last + 1
end
wrong = wrong_lines_of(keys, { queue }, its_messages)
if wrong then
  return wrong
end

local DAY_MS = 86400000

local now = now_ms()
local records = redis.call('HMGET', hash, unpack(fields))
-- what this call adds, and what it notes of the crons
local messages, notes = {}, {}

local function note(cron, field, value)
  notes[#notes + 1] = cron.name .. ' ' .. field
  notes[#notes + 1] = value
end

-- Takes the key of a message that has one. Returns the task that has it already.
local function holder_of_key(message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', keys.unique, digest)
  if digest and not holder then
    redis.call('HSET', keys.unique, digest, queue.name .. ' ' .. message)
  end
  return holder
end

local function fire(cron, settled, last_run, skipped_before, missed_before)
  local fired, skipped, held_in, settled_before, lines = 0, 0, '', settled, {}
  local left, fires = math.huge, 0
  if cron.limit then
    fires = noted(redis.call('HGET', hash, cron.name .. ' fires')) or 0
    left = cron.limit - fires
  end
  local immediate = cron.immediate ~= ''
    and redis.call('HGET', hash, cron.name .. ' immediate') == cron.immediate
    and tonumber(cron.immediate)
  -- others were not faster, and did not leave out what these were to run
  if cron.missed ~= '' and settled == tonumber(cron.settled) and tonumber(cron.passed) <= now then
    settled = tonumber(cron.passed)
    lines[1] = cron.missed
    note(cron, 'missed', text((noted(missed_before) or 0) + cron.count))
  end
  for i = cron.first, cron.last, 2 do
    local instant, message = tonumber(entries[i]), entries[i + 1]
    if (instant > settled or instant == immediate) and instant <= now and fired < left then
      local jitter = cron.jitter
      if instant == immediate then
        redis.call('HDEL', hash, cron.name .. ' immediate')
        immediate, jitter = nil, 0
      end
      settled = math.max(settled, instant)
      local holder = holder_of_key(message)
      if holder then
        skipped = skipped + 1
        held_in = string.match(holder, '^%S*')
        local id = string.match(string.sub(holder, #held_in + 2, #held_in + 21), '^%w+$')
        lines[#lines + 1] = text(instant - jitter) .. ' skipped ' .. (id or '?')
      else
        fired = fired + 1
        messages[#messages + 1] = message
        cron.fired_at = instant
      end
    end
  end
  if fired > 0 then
    note(cron, 'fired', text(cron.fired_at))
    if cron.limit then
      note(cron, 'fires', text(fires + fired))
    end
  end
  if skipped > 0 then
    note(cron, 'skipped', text((noted(skipped_before) or 0) + skipped))
  end
  if settled > settled_before then
    note(cron, 'until', text(settled))
  end
  add_to_history(cron.cron_runs, lines, keep)
  if fired >= left then
    cron.next_look = text(now + DAY_MS)
  end
  return { fired, skipped, held_in, last_run or '', fired < left and 0 or 1 }
end

-- A run-time cron that was set again meanwhile keeps its time: it is to be looked at now.
local function look_later()
  for i, cron in ipairs(firing) do
    if records[6 * i - 1] == cron.version then
      redis.call('ZADD', keys.cron_times, 'XX', cron.next_look, cron.name)
    end
  end
  note_earliest(keys.cron_lines, line, keys.cron_times)
end

-- Those of code begin anew when they are declared again. Of these the loop has found no run then.
local function is_ahead(settled)
  return line ~= '' and settled > now + AHEAD_MS
end

local replies = {}
for i, cron in ipairs(firing) do
  local settled, paused, last_run, skipped, version, missed = unpack(records, 6 * i - 5, 6 * i)
  settled = noted(settled)
  if not settled then
    replies[i] = { -1, 0, '', '', 0 }
  elseif paused or (cron.version and cron.version ~= version) then
    replies[i] = { 0, 0, '', '', 0 }
  elseif is_ahead(settled) then
    note(cron, 'until', text(now))
    replies[i] = { 0, 0, '', '', 0 }
  else
    replies[i] = fire(cron, settled, last_run, skipped, missed)
  end
end

if #messages > 0 then
  enlist_new(keys, by_name({ queue }), queue, messages)
  -- a run may be of an earlier version of its task, which had other limits
  note_labels(keys, labels, messages)
end
if #notes > 0 then
  redis.call('HSET', hash, unpack(notes))
end
if line ~= '' then
  look_later()
end
return replies`,
  'forget-crons': `#!lua flags=allow-oom
${LIB.by_name}
${LIB.now_ms}
${LIB.noted}
${LIB.text}
-- deletes crons that no session has declared for long, and marks those that all disable.
-- Returns the number deleted, or -1 if another session was opened meanwhile.
local crons, sessions = KEYS[1], KEYS[2]
local after_ms = ARGV[1]
local known = {}
for i = 1, ARGV[2] do
  known[i] = { name = ARGV[i + 2], session = KEYS[i + 2] }
end
local orphans = {}
for i = 1, #ARGV - (#known + 2) do
  orphans[i] = { name = ARGV[#known + i + 2], cron_runs = KEYS[#known + i + 2] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`known\` are the sessions of which the caller knows, \`orphans\` the crons of which it knows that none declared them before; a
-- record outlives the last session that declared its cron by \`after_ms\`, and its history goes with it.
--
-- Atomic because a session that declares a cron must not be overlooked. The delay is for deployments that stop the old
-- workers before they start the new ones, while workers of other apps live on: pauses and last runs must survive that.

local known_sessions, histories = by_name(known), by_name(orphans)
local declared, enabled, records = {}, {}, {}
for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
  if not known_sessions[session] then
    return -1
  end
end
for _, its in ipairs(known) do
  local lists, disabled = redis.call('HMGET', its.session, '@crons', '@disabled'), {}
  for name in string.gmatch(lists[2] or '', '%S+') do
    disabled[name] = true
  end
  for name in string.gmatch(lists[1] or '', '%S+') do
    declared[name] = true
    enabled[name] = enabled[name] or not disabled[name]
  end
end
for _, field in ipairs(redis.call('HKEYS', crons)) do
  local name = string.match(field, '^%S*')
  records[name] = records[name] or {}
  table.insert(records[name], field)
end

local now, forgotten = now_ms(), 0
for name, fields in pairs(records) do
  local orphan = name .. ' orphan'
  local since = not declared[name] and noted(redis.call('HGET', crons, orphan))
  if declared[name] then
    redis.call('HDEL', crons, orphan)
    if enabled[name] then
      redis.call('HDEL', crons, name .. ' disabled')
    elseif redis.call('HEXISTS', crons, name .. ' disabled') == 0 then
      redis.call('HSET', crons, name .. ' disabled', text(now))
    end
  elseif not since then
    redis.call('HSET', crons, orphan, text(now))
  elseif now - since >= tonumber(after_ms) and histories[name] then
    redis.call('DEL', histories[name].cron_runs)
    redis.call('HDEL', crons, unpack(fields))
    forgotten = forgotten + 1
  end
end
return forgotten`,
  'look-at-crons': `#!lua flags=allow-oom
${LIB.text}
${LIB.now_ms}
${LIB.note_earliest}
-- lets crons that were set at run time be looked at now, after the clock was set back.
-- Returns how many it moved, \`most\` at most.
local cron_times, cron_lines = KEYS[1], KEYS[2]
local line, after, most = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the earliest time of the line is that of its crons.

local late = redis.call('ZRANGEBYSCORE', cron_times, '(' .. after, '+inf', 'LIMIT', 0, most)
local now = text(now_ms())
for _, name in ipairs(late) do
  redis.call('ZADD', cron_times, now, name)
end
note_earliest(cron_lines, line, cron_times)
return #late`,
  'move-cron-run': `#!lua
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.by_name}
${LIB.remove_deep}
${LIB.remove_listed}
${LIB.LIMITS}
${LIB.text}
${LIB.LISTED}
${LIB.BEHIND}
${LIB.ring}
${LIB.may_be_listed_2}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.remove_2}
${LIB.is_quarantined}
${LIB.place_of}
${LIB.part}
${LIB.FRESH}
${LIB.base36}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.FIRST}
${LIB.turn_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.entries_of}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.unlist_2}
${LIB.limits_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.with_letter}
${LIB.without_slots}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, FIRST = FIRST, turn_of = turn_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, change_at_once = change_at_once, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, rule_of = rule_of, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, WAITED = WAITED, entries_of = entries_of, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, unlist = unlist, limits_of = limits_of, free_slots = free_slots, forget_labels = forget_labels, without_slots = without_slots, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.place_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.first_in_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.go_on_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, place_in_line = place_in_line, keeps_slot = keeps_slot, first_in_line = first_in_line, refresh_line = refresh_line, nudge_within = nudge_within, go_on = go_on, add_within = add_within }
end
return settling_parts_made
end
-- moves a run that causes skips out of a queue that no session serves.
-- Returns 1, or 0 if it no longer waits there.
local keys = {
  unique = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local digest = ARGV[1]
local from = {
  name = ARGV[2],
  pending = KEYS[9],
  quarantined = KEYS[10],
  bell = KEYS[11],
  scheduled = KEYS[12],
  held = KEYS[13],
  ready = KEYS[14],
}
local to = {
  name = ARGV[3],
  pending = KEYS[15],
  quarantined = KEYS[16],
  bell = KEYS[17],
  scheduled = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a run that a worker has claimed meanwhile must stay where it is, and one that is moved must be in one
-- queue and under its key. Without allow-oom: a full Redis refuses before the first write, and the run stays where it is.

local wrong = wrong_type('hash', keys.unique) or wrong_queues({ from, to })
if wrong then
  return wrong
end
local holder = redis.call('HGET', keys.unique, digest)
if not holder then
  return 0
end
-- of another queue it is not found below
local message = string.sub(holder, #from.name + 2)
wrong = wrong_lines_of(keys, { from, to }, { message })
if wrong then
  return wrong
end
local due, queues = redis.call('ZSCORE', from.scheduled, message), by_name({ from, to })
if due then
  redis.call('ZREM', from.scheduled, message)
  redis.call('ZADD', to.scheduled, due, message)
elseif remove(keys, queues, from, place_of(message), message) == 1 then
  message = limit_parts().without_slots(message)
  enlist(keys, queues, to, { message }, false)
else
  return 0
end
redis.call('HSET', keys.unique, digest, to.name .. ' ' .. message)
return 1`,
  'note-cron-ends': `#!lua flags=allow-oom
${LIB.part}
${LIB.now_ms}
${LIB.noted}
${LIB.text}
-- notes that the last runs of crons are gone, where nothing has noted their end.
-- Returns the time.
local crons, unique = KEYS[1], KEYS[2]
local tolerance_ms = ARGV[1]
local entries = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An entry is the name of a cron that counts from the end of its runs, and the digest of the key that its runs have. The tolerance says how far a
-- record may be ahead of the clock.
--
-- Atomic because an end that is noted for a run that has just begun would let the next one begin too early.

local now = now_ms()
for i = 1, #entries, 2 do
  local name, digest = entries[i], entries[i + 1]
  local former = redis.call('HMGET', crons, name .. ' until', name .. ' ended')
  local settled, ended = noted(former[1]), noted(former[2])
  local is_noted = ended and settled and ended >= settled and ended <= now + tolerance_ms
  if settled and not is_noted and redis.call('HEXISTS', unique, digest) == 0 then
    redis.call('HSET', crons, name .. ' ended', text(now))
  end
end
return now`,
  'pause-cron': `#!lua flags=allow-oom
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.hash_of_cron}
${LIB.now_ms}
-- pauses a cron.
-- Returns 1, or 0 for an unknown cron.
local crons, run_time_crons = KEYS[1], KEYS[2]
local cron = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a cron that is being forgotten must not leave a pause behind.

local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
redis.call('HSETNX', hash, cron .. ' paused', text(now_ms()))
return 1`,
  'record-cron-run': `#!lua flags=allow-oom
${LIB.registration}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.hash_of_cron}
${LIB.now_ms}
-- records how the latest run of a cron ended, also in its history.
-- Returns 1, or 0 for an unknown cron.
local session, crons, run_time_crons, cron_runs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local child, cron, run, is_final, line, keep, keep_run_time = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A final run has ended for good; it counts where the next one is due so long after its end, for which \`ended\` is there already.
--
-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back. The history is written first: where something foreign has its key, nothing else is written.

local _, lost = registration(session, child)
if lost then
  return lost
end
local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
-- of crons that are set at run time there may be very many
local most = hash == crons and keep or keep_run_time
redis.call('LPUSH', cron_runs, line)
redis.call('LTRIM', cron_runs, 0, most - 1)
redis.call('HSET', hash, cron .. ' run', run)
if is_final == '1' and redis.call('HEXISTS', hash, cron .. ' ended') == 1 then
  redis.call('HSET', hash, cron .. ' ended', text(now_ms()))
end
return 1`,
  'remove-cron': `#!lua flags=allow-oom
${LIB.RUN_TIME_CRON_FIELDS}
-- removes a cron that was set at run time.
-- Returns 1, or 0 for an unknown cron, or another version of it.
local run_time_crons, cron_names, cron_times, cron_runs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local cron, version = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`version\` is that which the caller read, '' for any.
--
-- Atomic because a cron that was set again meanwhile must stay. A line that is empty now is removed by the next look at it.

local its_version = redis.call('HGET', run_time_crons, cron .. ' version')
if not its_version or (version ~= '' and version ~= its_version) then
  return 0
end
local fields = {}
for i, field in ipairs(RUN_TIME_CRON_FIELDS) do
  fields[i] = cron .. ' ' .. field
end
redis.call('HDEL', run_time_crons, unpack(fields))
redis.call('ZREM', cron_names, cron)
redis.call('ZREM', cron_times, cron)
redis.call('DEL', cron_runs)
return 1`,
  'resume-cron': `#!lua flags=allow-oom
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.hash_of_cron}
${LIB.add_to_history}
${LIB.noted}
${LIB.now_ms}
-- resumes a cron at the present, without the runs due during the pause, which come into its history.
-- Returns 1, or 0 for an unknown cron.
local crons, run_time_crons, cron_runs = KEYS[1], KEYS[2], KEYS[3]
local cron, settled, count, line, keep, keep_run_time = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`line\` is for the history, '' for none: what came due since the cron was settled, if it still is as the caller has read it.
--
-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
if redis.call('HDEL', hash, cron .. ' paused') == 1 then
  if line ~= '' and redis.call('HGET', hash, cron .. ' until') == settled then
    add_to_history(cron_runs, { line }, hash == crons and keep or keep_run_time)
    local missed = noted(redis.call('HGET', hash, cron .. ' missed')) or 0
    redis.call('HSET', hash, cron .. ' missed', text(missed + count))
  end
  redis.call('HDEL', hash, cron .. ' immediate')
  redis.call('HSET', hash, cron .. ' until', text(now_ms()))
end
return 1`,
  'set-cron': `#!lua
${LIB.LIMITS}
${LIB.ring}
${LIB.look_at}
${LIB.wrong_type}
${LIB.text}
${LIB.schedule}
${LIB.now_ms}
${LIB.noted}
-- adds a cron at run time, or changes it.
-- Returns 2 for a new cron, 1 for one that was there; 0 if another caller was faster, -1 if workers declare one of this
-- name, -2 if there are too many.
local keys = {
  crons = KEYS[1],
  run_time_crons = KEYS[2],
  cron_names = KEYS[3],
  cron_lines = KEYS[4],
  alarm = KEYS[5],
}
local cron, definition, before, anew, former_limit, limit, set_by, most, look_at, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local former = { cron_times = KEYS[6] }
local line = { name = ARGV[11], cron_times = KEYS[7] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`former\` is the line of the cron as the caller read it, \`before\` its definition then, '' for none. \`anew\` is 1 where its times are others. \`setBy\` is JSON.
-- \`limit\` is '' for none, and so is \`formerLimit\`.
--
-- Atomic because two callers must not leave a cron in two lines, and a worker must not fire by a definition that has gone: it compares the version.
-- A limit counts the runs since the times are what they are. One that goes on by another limit has missed nothing since; one that ends by it is kept for
-- as long as if its last run had been now.
-- The worker that first looks at the cron finds its next time. It looks now, unless the times are others and the first one comes later: else a hundred
-- thousand that are set at once would keep a worker from those that are due. \`lookAt\` is the first time after \`after\`: a clock that is earlier than that
-- has others before, so a worker looks now. Without allow-oom: a full Redis refuses.

local wrong = wrong_type('hash', keys.crons, keys.run_time_crons)
  or wrong_type('zset', keys.cron_names, keys.cron_lines, former.cron_times, line.cron_times)
  or wrong_type('list', keys.alarm)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.crons, cron .. ' schedule') == 1 then
  return -1
end
if (redis.call('HGET', keys.run_time_crons, cron .. ' definition') or '') ~= before then
  return 0
end
if before == '' and redis.call('ZCARD', keys.cron_names) >= tonumber(most) then
  return -2
end

local now = now_ms()
if former.cron_times ~= line.cron_times then
  redis.call('ZREM', former.cron_times, cron)
end
-- of a count for all: one that is removed and set again has no version that it had before
local version = redis.call('HINCRBY', keys.run_time_crons, '@versions', 1)
redis.call('HSET', keys.run_time_crons, cron .. ' definition', definition, cron .. ' version', version, cron .. ' set', set_by)
local fires = noted(redis.call('HGET', keys.run_time_crons, cron .. ' fires')) or 0

local function is_reached(of)
  return of ~= '' and fires >= tonumber(of)
end

local first_look = now
if anew == '1' then
  redis.call('HDEL', keys.run_time_crons, cron .. ' fires')
  first_look = now >= tonumber(after) and math.max(now, tonumber(look_at)) or now
end
if anew == '1' or is_reached(former_limit) ~= is_reached(limit) then
  redis.call('HSET', keys.run_time_crons, cron .. ' until', text(now))
end
redis.call('ZADD', keys.cron_names, 0, cron)
redis.call('ZADD', line.cron_times, text(first_look), cron)
redis.call('ZADD', keys.cron_lines, 'LT', text(first_look), line.name)
ring(keys.alarm)
return before == '' and 2 or 1`,
  'dead-counts': `#!lua flags=no-writes
${LIB.wrong_type}
${LIB.wrong_queues}
-- counts dead tasks of queues by time of death.
-- Returns the number of each queue.
local since, till = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], dead = KEYS[i] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A script because a dashboard asks for a hundred queues at once. ZCOUNT takes as long for many tasks as for few. The caller gives so
-- many queues that the whole is short.

local wrong = wrong_queues(queues)
if wrong then
  return wrong
end
local counts = {}
for i, queue in ipairs(queues) do
  counts[i] = redis.call('ZCOUNT', queue.dead, since, till)
end
return counts`,
  'dead-page': `#!lua flags=no-writes
${LIB.part}
${LIB.noted}
-- reads dead tasks of a queue by time of death, then id.
-- Returns 1 if there are more, a member that is no dead task and was passed over, then id, time of death and record of
-- each.
local order, since, till, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { dead = KEYS[1], records = KEYS[2] }
local after = part(ARGV, 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- From the \`oldest\` or the \`newest\` on, between the times \`since\` and \`till\` in ms (or -inf and +inf), until the records have so many bytes;
-- \`after\` is time and id of the death to go on behind, whether or not that is still there, or nothing.
--
-- Atomic because positions move while tasks die and leave.

-- Numbers in two halves, which a double holds exactly: strings are compared by the locale of the server.
local function is_before(id, other)
  local a, b = tonumber(string.sub(id, 1, 10), 36) or 0, tonumber(string.sub(other, 1, 10), 36) or 0
  if a == b then
    a, b = tonumber(string.sub(id, 11, 20), 36) or 0, tonumber(string.sub(other, 11, 20), 36) or 0
  end
  return a < b
end

-- Others may have put anything here.
local function is_death(id, died_at)
  return #id == 20 and not string.find(id, '[^0-9a-z]') and noted(died_at)
end

local newest = order == 'newest'
local from = redis.call('ZCOUNT', queue.dead, '-inf', '(' .. since)
local behind_last = redis.call('ZCOUNT', queue.dead, '-inf', till)
local died_at, id = after[1], after[2]
if died_at then
  -- where that death would stand among those of its instant
  local low = redis.call('ZCOUNT', queue.dead, '-inf', '(' .. died_at)
  local high = redis.call('ZCOUNT', queue.dead, '-inf', died_at)
  -- where it stands: what is no death may be out of order
  local there = redis.call('ZSCORE', queue.dead, id) == died_at
  if there then
    low = redis.call('ZRANK', queue.dead, id)
  end
  while not there and low < high do
    local middle = math.floor((low + high) / 2)
    if is_before(redis.call('ZRANGE', queue.dead, middle, middle)[1], id) then
      low = middle + 1
    else
      high = middle
    end
  end
  if newest then
    behind_last = math.min(behind_last, low)
  else
    from = math.max(from, there and low + 1 or low)
  end
end

local page, count, bytes = { 0, '' }, 0, 0
local rank, step = newest and behind_last - 1 or from, newest and -1 or 1
while rank >= from and rank < behind_last do
  if count == tonumber(most) or bytes >= tonumber(most_bytes) then
    page[1] = 1
    break
  end
  local death = redis.call('ZRANGE', queue.dead, rank, rank, 'WITHSCORES')
  if is_death(death[1], death[2]) then
    local record = redis.call('HGET', queue.records, death[1]) or ''
    page[#page + 1] = death[1]
    page[#page + 1] = death[2]
    page[#page + 1] = record
    count, bytes = count + 1, bytes + #record
  else
    page[2] = death[1]
  end
  rank = rank + step
end
return page`,
  'delete-dead': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.forget_dead}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.text}
${LIB.ring}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.leave_group_2}
${LIB.message_of}
${LIB.delete_dead}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.now_ms}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- deletes dead tasks.
-- Returns the number deleted.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local queue = { dead = KEYS[6], records = KEYS[7], dead_notes = KEYS[8] }
local deaths = part(ARGV, 1, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms; at most 500.
--
-- Atomic because a dead task without its record could neither run again nor be understood. The time of death guards a
-- copy of this command that arrives late: by then the task may have run and died once more.

local wrong = wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local removed = 0
for i = 1, #deaths, 2 do
  local died_at = redis.call('ZSCORE', queue.dead, deaths[i])
  if died_at and tonumber(died_at) == tonumber(deaths[i + 1]) then
    delete_dead(keys, queue, { deaths[i] })
    removed = removed + 1
  end
end
return removed`,
  'purge': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.text}
${LIB.now_ms}
${LIB.forget_dead}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.ring}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.leave_group_2}
${LIB.message_of}
${LIB.delete_dead}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.part}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- deletes dead tasks that are too old or too many, the oldest first.
-- Returns the number deleted.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local retention_ms, kept, most = ARGV[1], ARGV[2], ARGV[3]
local queue = { dead = KEYS[6], records = KEYS[7], dead_notes = KEYS[8] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Kept for \`retention_ms\` and as many as \`kept\`, or '' for any; \`most\` to forget at once.
--
-- Atomic because a dead task without its record could neither run again nor be understood.

local wrong = wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local expired = retention_ms == '' and 0 or redis.call('ZCOUNT', queue.dead, '-inf', text(now_ms() - retention_ms))
local surplus = kept == '' and 0 or redis.call('ZCARD', queue.dead) - kept
local count = math.min(math.max(expired, surplus), tonumber(most))
if count <= 0 then
  return 0
end
delete_dead(keys, queue, redis.call('ZRANGE', queue.dead, 0, count - 1))
return count`,
  'redrive-edited': `#!lua
local limit_parts
local settling_parts
local group_parts
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.now_ms}
${LIB.base36}
${LIB.started_anew}
${LIB.message_of}
${LIB.has_more_tags}
${LIB.tag}
${LIB.result_tag}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.text}
${LIB.ring}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.body_start}
${LIB.forget_dead}
${LIB.redrive_2}
${LIB.remembered}
${LIB.with_body}
${LIB.by_name}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.split}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
${LIB.without_group}
group_parts_made = { shared_groups = shared_groups, without_group = without_group }
end
return group_parts_made
end
-- moves a dead task with other arguments to the tail of its queue, with new counters.
-- Returns 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was not declared.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  groups = KEYS[4],
  group_times = KEYS[5],
  groups_ended = KEYS[6],
  released = KEYS[7],
  limits = KEYS[8],
  slots = KEYS[9],
  rates = KEYS[10],
  paced = KEYS[11],
  waiters = KEYS[12],
  limit_labels = KEYS[13],
}
local id, died_at, body, sent = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queue = {
  name = ARGV[5],
  pending = KEYS[14],
  bell = KEYS[15],
  dead = KEYS[16],
  records = KEYS[17],
  dead_notes = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
local noting = {}
for i = 1, ARGV[6] do
  noting[i] = { name = ARGV[i + 6], notes = KEYS[i + 20] }
end
local kept = {}
for i = 1, #ARGV - (#noting + 6) do
  kept[i] = { name = ARGV[#noting + i + 6], result = KEYS[#noting + i + 20] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms. \`body\` takes the place of the body of the message, \`sent\` are the arguments that it had, as
-- JSON, for the history. Otherwise as redrive.lua.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that arrives
-- late, and the edit: by then the task may have run and died once more.

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end

if tonumber(redis.call('ZSCORE', queue.dead, id) or '') ~= tonumber(died_at) then
  return 0
end
local now = now_ms()
local message = started_anew(id, message_of(redis.call('HGET', queue.records, id) or ''), now)
if not message then
  return -1
end
if result_tag(message) and not kept[1] then
  return -2
end
wrong = wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
local line = '\\n{"at":' .. text(now) .. ',"code":"REDRIVEN","sent":' .. sent .. '}'
redrive(keys, queue, { id }, { remembered(with_body(message, body), line) }, by_name(noting), by_name(kept))
return 1`,
  'redrive': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.now_ms}
${LIB.text}
${LIB.by_name}
${LIB.base36}
${LIB.started_anew}
${LIB.message_of}
${LIB.has_more_tags}
${LIB.tag}
${LIB.result_tag}
${LIB.remembered}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.ring}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.forget_dead}
${LIB.redrive_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.split}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
${LIB.without_group}
group_parts_made = { shared_groups = shared_groups, without_group = without_group }
end
return group_parts_made
end
-- moves dead tasks to the tail of their queue, with new counters.
-- Returns for each task 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was
-- not declared.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  groups = KEYS[4],
  group_times = KEYS[5],
  groups_ended = KEYS[6],
  released = KEYS[7],
  limits = KEYS[8],
  slots = KEYS[9],
  rates = KEYS[10],
  paced = KEYS[11],
  waiters = KEYS[12],
  limit_labels = KEYS[13],
}
local queue = {
  name = ARGV[1],
  pending = KEYS[14],
  bell = KEYS[15],
  dead = KEYS[16],
  records = KEYS[17],
  dead_notes = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
local noting = {}
for i = 1, ARGV[2] do
  noting[i] = { name = ARGV[i + 3], notes = KEYS[i + 20] }
end
local kept = {}
for i = 1, ARGV[3] do
  kept[i] = { name = ARGV[#noting + i + 3], result = KEYS[#noting + i + 20] }
end
local deaths = part(ARGV, #noting + #kept + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms; at most 500. The tasks come to the tail of their queue, as if they had just been
-- sent, and stay dead where the header cannot be reset, or where one keeps a result whose key is not among \`kept\`. The
-- history stays and gets a line. A unique task runs without its key if that is taken. A task that was cancelled and died
-- may run again.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that
-- arrives late: by then the task may have run and died once more. With allow-oom: a pending task takes less than a dead one.

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end

local now = now_ms()
local line = '\\n{"at":' .. text(now) .. ',"code":"REDRIVEN"}'
local answers, ids, messages, named, known_results = {}, {}, {}, {}, by_name(kept)

for i = 1, #deaths, 2 do
  local id, answer = deaths[i], 0
  local died_at = redis.call('ZSCORE', queue.dead, id)
  if died_at and tonumber(died_at) == tonumber(deaths[i + 1]) and not named[id] then
    named[id] = true
    local record = redis.call('HGET', queue.records, id) or ''
    local message = started_anew(id, message_of(record), now)
    answer = not message and -1 or result_tag(message) and not known_results[id] and -2 or 1
    if answer == 1 then
      ids[#ids + 1] = id
      messages[#messages + 1] = remembered(message, line)
    end
  end
  answers[#answers + 1] = answer
end

wrong = wrong_lines_of(keys, { queue }, messages)
if wrong then
  return wrong
end
if #ids > 0 then
  redrive(keys, queue, ids, messages, by_name(noting), known_results)
end
return answers`,
  'report-deaths': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.now_ms}
${LIB.noted}
${LIB.text}
-- takes the deaths that no worker has reported yet.
-- Returns for each death its queue, its time and its id.
local keys = { reported = KEYS[1] }
local child, number = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], dead = KEYS[i + 1] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The first call for a queue takes no death: those from then on are to be reported. Each goes to the first caller who comes
-- for it, or to none when the caller ends.
--
-- Atomic because two workers must not take the same death. The number of the call guards a copy of this command whose
-- reply was lost: it gets the same answer.

local wrong = wrong_type('hash', keys.reported) or wrong_queues(queues)
if wrong then
  return wrong
end
local now, call = now_ms(), child .. ' ' .. number

-- Deaths of this instant may follow: they are for the next call. All of one instant are taken together.
local function take(queue)
  local note = redis.call('HGET', keys.reported, queue.name) or ''
  local till, from, by = string.match(note, '^(%d+) (%d+) (%S+ %d+)$')
  if by == call then
    return redis.call('ZRANGEBYSCORE', queue.dead, from, '(' .. till, 'WITHSCORES')
  end
  local since = noted(till) or now
  local behind = math.max(since, now)
  local found = redis.call('ZRANGEBYSCORE', queue.dead, since, '(' .. text(behind), 'WITHSCORES', 'LIMIT', 0, 20)
  if #found == 40 then
    behind = math.floor(found[40]) + 1
    found = redis.call('ZRANGEBYSCORE', queue.dead, since, '(' .. text(behind), 'WITHSCORES')
  end
  redis.call('HSET', keys.reported, queue.name, text(behind) .. ' ' .. text(since) .. ' ' .. call)
  return found
end

local deaths = {}
for _, queue in ipairs(queues) do
  local found = take(queue)
  for i = 1, #found, 2 do
    deaths[#deaths + 1] = queue.name
    deaths[#deaths + 1] = found[i + 1]
    deaths[#deaths + 1] = found[i]
  end
end
-- deaths of a time without a worker that reports them are not reported later
redis.call('EXPIRE', keys.reported, 3600)
return deaths`,
  'cancel-active': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.text}
${LIB.remember_ids}
${LIB.remember_cancelled}
${LIB.now_ms}
${LIB.split}
${LIB.has_more_tags}
${LIB.tag}
${LIB.result_tag}
${LIB.RENEWED}
${LIB.announce}
${LIB.by_name}
-- marks an active task as cancelled and adds that to the stream.
-- Returns 1, or 0 if the child no longer holds it.
local claims, cancelled, broadcasts = KEYS[1], KEYS[2], KEYS[3]
local id, kept = ARGV[1], ARGV[2]
local answering = {}
for i = 1, #ARGV - 2 do
  answering[i] = { name = ARGV[i + 2], answers = KEYS[i + 3] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task that has ended or was given back in the meantime must not count as cancelled.

local wrong = wrong_type('hash', claims) or wrong_type('zset', cancelled) or wrong_type('stream', broadcasts)
if wrong then
  return wrong
end
local held = redis.call('HGET', claims, id)
if not held then
  return 0
end
remember_cancelled(cancelled, now_ms(), id)
redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'cancel', 'id', id)
-- who waits for its result need not wait for its end
local _, message = split(held)
if message then
  announce(by_name(answering), message)
end
return 1`,
  'cancel-waiting': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.wrong_groups}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.remove_deep}
${LIB.remove_listed}
${LIB.LIMITS}
${LIB.text}
${LIB.LISTED}
${LIB.BEHIND}
${LIB.ring}
${LIB.may_be_listed_2}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.remove_2}
${LIB.by_name}
${LIB.remember_ids}
${LIB.remember_cancelled}
${LIB.now_ms}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.result_tag}
${LIB.RENEWED}
${LIB.announce}
${LIB.FRESH}
${LIB.leave_group_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.FIRST}
${LIB.turn_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.entries_of}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.unlist_2}
${LIB.limits_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, FIRST = FIRST, turn_of = turn_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, change_at_once = change_at_once, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, rule_of = rule_of, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, WAITED = WAITED, entries_of = entries_of, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, unlist = unlist, limits_of = limits_of, free_slots = free_slots, forget_labels = forget_labels, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.place_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.first_in_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.go_on_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, place_in_line = place_in_line, keeps_slot = keeps_slot, first_in_line = first_in_line, refresh_line = refresh_line, nudge_within = nudge_within, go_on = go_on, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.part}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- removes a task that waits and frees its unique key.
-- Returns 1, or 0 if it no longer waits there.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  endings = KEYS[4],
  catalog = KEYS[5],
  groups = KEYS[6],
  group_times = KEYS[7],
  groups_ended = KEYS[8],
  released = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local place, message, passed = ARGV[1], ARGV[2], ARGV[3]
local queue = {
  name = ARGV[4],
  pending = KEYS[16],
  quarantined = KEYS[17],
  bell = KEYS[18],
  scheduled = KEYS[19],
  held = KEYS[20],
  ready = KEYS[21],
}
local answering = {}
for i = 1, #ARGV - 4 do
  answering[i] = { name = ARGV[i + 4], answers = KEYS[i + 21] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`place\` is the key of the queue in which it was found, and \`passed\` how many stood behind it.
--
-- Atomic because a task that a worker has claimed in the meantime must not count as cancelled.

local wrong = wrong_keys(keys) or member_of(message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
local removed = remove(keys, by_name({ queue }), queue, place, message, tonumber(passed))
if removed > 0 then
  remember_cancelled(keys.cancelled, now_ms(), string.sub(message, 1, 20))
  note_ending(keys, queue.name, message, 'cancelled')
  announce(by_name(answering), message)
  leave_group(keys, by_name({ queue }), message, 'cancelled')
end
return removed`,
  'claimable': `#!lua flags=no-writes
local limit_parts
${LIB.text}
${LIB.LISTED}
${LIB.WAITS}
${LIB.BEHIND}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.wrong_places}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.LIMITS}
${LIB.use_limits}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.USED}
${LIB.read_slots}
${LIB.used_of}
${LIB.ARRIVALS}
${LIB.CHANGED}
${LIB.arrival_of}
${LIB.room_of}
${LIB.limit_at}
${LIB.tasks_in}
limit_parts_made = { use_limits = use_limits, room_of = room_of, limit_at = limit_at, tasks_in = tasks_in }
end
return limit_parts_made
end
-- counts the tasks of queues that can be claimed now, as far as limits go.
-- Returns the number of each queue; 0 for one with a foreign key.
local keys = { gates = KEYS[1], limits = KEYS[2], slots = KEYS[3], rates = KEYS[4] }
local queues = {}
for i = 1, #ARGV - 0 do
  queues[i] = {
    name = ARGV[i],
    pending = KEYS[4 * i + 1],
    quarantined = KEYS[4 * i + 2],
    held = KEYS[4 * i + 3],
    ready = KEYS[4 * i + 4],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- What a limit holds back needs no further child. So a line counts as far as there is room under its limits, and what one line has counted
-- is no room for another.
--
-- A script because most lines share their limits. It looks at a limited number of lines: each further one counts as one task.

local MOST_LINES = 200

limit_parts().use_limits(keys)
local taken, looked = {}, 0

-- How many more of these limits leave room for, at most so many.
local function room_for(wanted, most)
  for _, limit in ipairs(wanted) do
    most = math.min(most, limit_parts().room_of(limit) - (taken[limit] or 0))
  end
  most = math.max(most, 0)
  for _, limit in ipairs(wanted) do
    taken[limit] = (taken[limit] or 0) + most
  end
  return most
end

local function limits_in(line)
  local limits = {}
  for index = 0, #line / 27 - 1 do
    limits[index + 1] = limit_parts().limit_at(line, index)
  end
  return limits
end

-- Those of lines that may start, and of lines of which a task lies in the list. Returns how many lie there, too.
local function in_lines(queue)
  local found, listed = 0, redis.call('ZCOUNT', queue.ready, text(LISTED), '+inf')
  for _, range in ipairs({ { '-inf', '(' .. text(WAITS) }, { text(LISTED), '+inf' } }) do
    local from, till = unpack(range)
    local all = redis.call('ZCOUNT', queue.ready, from, till)
    local few = math.min(all, MOST_LINES - looked)
    looked = looked + few
    local members = few > 0 and redis.call('ZRANGEBYSCORE', queue.ready, from, till, 'WITHSCORES', 'LIMIT', 0, few) or {}
    for i = 1, #members, 2 do
      local is_listed, line = string.match(members[i], '^(=?)(.*)$')
      local state = tonumber(members[i + 1])
      -- a line that does not wait behind its task in the list has a state of its own, or no task
      local waiting = (is_listed == '' or state >= BEHIND) and limit_parts().tasks_in(queue, line) or 0
      found = found + room_for(limits_in(line), waiting + #is_listed)
    end
    found = found + all - few
  end
  return found, listed
end

local has_gates = redis.call('TYPE', keys.gates).ok == 'hash'
local wrong = wrong_type('hash', keys.limits, keys.slots) or wrong_type('zset', keys.rates)
local counts = {}
for i, queue in ipairs(queues) do
  counts[i] = 0
  if not wrong_queues({ queue }) then
    counts[i] = redis.call('LLEN', queue.pending) + redis.call('LLEN', queue.quarantined)
  end
  if not wrong and not wrong_places({ queue }) then
    local found, listed = in_lines(queue)
    counts[i] = math.max(counts[i] - listed, 0) + found
    local gate = has_gates and redis.call('HGET', keys.gates, queue.name)
    counts[i] = gate and room_for({ gate }, counts[i]) or counts[i]
  end
end
return counts`,
  'claims-page': `#!lua flags=no-writes
-- reads what a child holds, by id.
-- Returns 1 if there are more, then id and beginning of each.
local claims = KEYS[1]
local after, limit, most_bytes, shown = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`after\` is the id to go on behind, or ''; \`shown\` how many bytes of each message to return, of which the name of the queue takes
-- some more. A script because messages may be large, and only their beginning is wanted.

local ids, page, bytes = redis.call('HKEYS', claims), { 0 }, 0
table.sort(ids)
for _, id in ipairs(ids) do
  if id > after then
    if #page > 2 * limit or bytes >= tonumber(most_bytes) then
      page[1] = 1
      break
    end
    local held = redis.call('HGET', claims, id)
    page[#page + 1] = id
    page[#page + 1] = string.sub(held, 1, 200 + tonumber(shown))
    bytes = bytes + #held
  end
end
return page`,
  'find-pending': `#!lua flags=no-writes
local limit_parts
${LIB.size_of}
${LIB.range_of}
${LIB.line_in}
${LIB.WAITS}
${LIB.TAGS}
${LIB.is_held_back}
${LIB.waits_as_whole_2}
${LIB.BEHIND}
${LIB.tasks_ahead_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.message_in_line}
${LIB.FIRST}
${LIB.waiting_queue}
${LIB.mark_of}
${LIB.tasks_in}
limit_parts_made = { message_in_line = message_in_line, waiting_queue = waiting_queue, mark_of = mark_of, tasks_in = tasks_in }
end
return limit_parts_made
end
-- looks for a task in a part of a list, or of the lines of a queue, from its tail.
-- Returns its message or nothing, the number looked at, the number left before them (of a task in a line, those before
-- it there), 1 if a limit holds it back.
local keys = { gates = KEYS[1], waiters = KEYS[2] }
local place, id, passed, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { name = ARGV[6], pending = KEYS[3], quarantined = KEYS[4], held = KEYS[5], ready = KEYS[6] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`place\` is the key of the queue to look at, \`passed\` how many at its tail to pass over: what comes or goes at the head of a list
-- meanwhile hides nothing.
--
-- A script because only one message of many is wanted. Some may be large, so it takes a few at a time, and not too many.

local has_lines = place == 'held'
local looked, bytes, left = 0, 0, size_of(queue, place) - passed
while left > 0 and looked < tonumber(most) and bytes < tonumber(most_bytes) do
  local last = -1 - passed - looked
  local found = range_of(queue, place, last - 49, last)
  for i = #found, 1, -1 do
    local message = has_lines and limit_parts().message_in_line(found[i]) or found[i]
    looked, left = looked + 1, left - 1
    if string.sub(message, 1, 20) == id then
      local line = has_lines and line_in(found[i])
      local is_waiting = line and is_held_back(queue, line) or place ~= 'quarantined' and waits_as_whole(keys, queue)
      local ahead = line and tasks_ahead(queue, line, found[i]) or left
      return { message, looked, ahead, is_waiting and 1 or 0 }
    end
    bytes = bytes + #message
  end
end
return { '', looked, math.max(left, 0), 0 }`,
  'purge-pending': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.size_of}
${LIB.by_name}
${LIB.now_ms}
${LIB.body_start}
${LIB.is_call}
${LIB.range_of}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.result_tag}
${LIB.text}
${LIB.member_of}
${LIB.has_tags}
${LIB.series_name}
${LIB.LIMITS}
${LIB.line_in}
${LIB.LISTED}
${LIB.BEHIND}
${LIB.ring}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.may_be_listed_2}
${LIB.remember_ids}
${LIB.remember_removed}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.FRESH}
${LIB.leave_group_2}
${LIB.note_endings}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.message_in_line}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.FIRST}
${LIB.TURN}
${LIB.next_tag}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.entries_of}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.turn_of}
${LIB.unlist_2}
${LIB.limits_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, message_in_line = message_in_line, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, change_at_once = change_at_once, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, FIRST = FIRST, next_tag = next_tag, rule_of = rule_of, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, WAITED = WAITED, entries_of = entries_of, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, line_of = line_of, turn_of = turn_of, unlist = unlist, limits_of = limits_of, free_slots = free_slots, forget_labels = forget_labels, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.first_in_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.go_on_2}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { keeps_slot = keeps_slot, first_in_line = first_in_line, refresh_line = refresh_line, nudge_within = nudge_within, go_on = go_on, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.part}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- removes tasks that match from a part of a queue, from its tail, and frees their unique keys and slots.
-- Returns the number purged, the number looked at, how many at the tail were kept, the number left behind them.
local keys = {
  unique = KEYS[1],
  removed = KEYS[2],
  alarm = KEYS[3],
  endings = KEYS[4],
  catalog = KEYS[5],
  groups = KEYS[6],
  group_times = KEYS[7],
  groups_ended = KEYS[8],
  released = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local place, passed, look, most_bytes, call, before = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queue = {
  name = ARGV[7],
  pending = KEYS[16],
  quarantined = KEYS[17],
  bell = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`place\` is the key of the queue to purge: a part of it, from the tail on, behind \`passed\` tasks. \`call\` is how the body of a
-- task to purge begins, '' for any; it came into the queue before \`before\`, '' for any time.
--
-- Redis can take values out of a list at its ends, or search for them from there. So near the tail the purged ones are marked
-- and removed by one search. That would take too long further in: there the newest tasks that were passed over fill the
-- gaps, which makes no other task wait longer.
--
-- Of the lines of a queue, place \`held\`, the purged ones are removed by their bytes, and each of their lines is looked at once.
--
-- Atomic because a task must be in the queue or purged, and nobody may find a mark.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('zset', keys.removed)
  or wrong_groups(keys)
  or wrong_queues({ queue })
  or limit_parts().wrong_lines(keys, { queue })
if wrong then
  return wrong
end
local has_lines = place == 'held'
local list, kept = queue[place], tonumber(passed)
local left = size_of(queue, place) - kept
local is_deep = kept > 50000 and not has_lines
local most, enough = math.min(tonumber(look), left), is_deep and 50 or has_lines and 100 or kept > 0 and 300 or 1000
local in_lines, known_queues = {}, by_name({ queue })
local looked, bytes, count, gaps, purged, asking, members, tagged, now = 0, 0, 10, {}, {}, {}, {}, {}, now_ms()

local function is_wanted(message)
  return is_call(message, call)
    and (before == '' or (tonumber(string.sub(message, 26, 34), 36) or 0) < tonumber(before))
end

while looked < most and bytes < tonumber(most_bytes) and #gaps < enough do
  count = math.min(count, most - looked)
  local last = -1 - kept - looked
  local messages = range_of(queue, place, last - count + 1, last)
  for i = #messages, 1, -1 do
    local message = has_lines and limit_parts().message_in_line(messages[i]) or messages[i]
    looked, bytes = looked + 1, bytes + #message
    if is_wanted(message) then
      gaps[#gaps + 1] = -kept - looked
      in_lines[#gaps] = has_lines and messages[i] or nil
      free_key(keys.unique, message)
      if result_tag(message) then
        asking[#asking + 1] = text(now)
        asking[#asking + 1] = string.sub(message, 1, 20)
      end
      members[#members + 1] = member_of(message) and message or nil
      tagged[#tagged + 1] = has_tags(message) and message or nil
      local name = series_name(keys, message)
      purged[name] = (purged[name] or 0) + 1
      if #gaps == enough then
        break
      end
    end
  end
  count = math.max(1, math.min(200, math.floor(looked * 100000 / bytes)))
end

-- They leave their lines all at once, so that none of them is woken for what another one leaves.
local function leave_lines(entries)
  limit_parts().use_lines(keys, known_queues)
  local seen, may_start = {}, false
  redis.call('ZREM', queue.held, unpack(entries))
  for _, entry in ipairs(entries) do
    local line = line_in(entry)
    if not seen[line] then
      seen[line] = true
      may_start = settling_parts().go_on(queue, line, settling_parts().first_in_line(queue, line)[1], false) or may_start
    end
  end
  if may_start then
    ring(queue.bell)
  end
end

-- Lines wait no more for what lay in the list.
local function leave_list()
  limit_parts().use_lines(keys, known_queues)
  local line_at, lines = {}, {}
  for i, message in ipairs(tagged) do
    line_at[i] = may_have_limits(message) and limit_parts().line_of(message)
    lines[#lines + 1] = line_at[i] or nil
  end
  limit_parts().read_lines(queue, lines)
  local may_start = false
  for i, message in ipairs(tagged) do
    if line_at[i] and may_be_listed(queue, line_at[i], message) then
      may_start = limit_parts().unlist(queue, line_at[i]) or may_start
    end
  end
  return may_start
end

if #in_lines > 0 then
  leave_lines(in_lines)
elseif #gaps == looked and kept == 0 then
  redis.call('RPOP', list, looked)
elseif is_deep then
  -- with each of them the tail comes nearer by one
  for i = 1, #gaps do
    redis.call('LSET', list, gaps[i] + i, redis.call('RPOP', list))
  end
elseif #gaps > 0 then
  local mark = '\\0purged ' .. redis.sha1hex(place .. passed)
  for i = 1, #gaps do
    redis.call('LSET', list, gaps[i], mark)
  end
  redis.call('LREM', list, -#gaps, mark)
end
if place == 'pending' and #tagged > 0 and limit_parts().change_at_once(leave_list) then
  ring(queue.bell)
end
remember_removed(keys.removed, now, asking)
-- one in a line, or a quarantined one, may keep a slot
for _, message in ipairs(tagged) do
  end_limits(keys, known_queues, queue, message, WAITING)
end
for _, message in ipairs(members) do
  leave_group(keys, known_queues, message, 'cancelled')
end
for name, number in pairs(purged) do
  note_endings(keys, queue.name, name, 'cancelled', number)
end
return { #gaps, looked, kept + looked - #gaps, left - looked }`,
  'queue-states': `#!lua flags=no-writes
local limit_parts
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.wrong_places}
${LIB.waits_as_whole_2}
${LIB.text}
${LIB.WAITS}
${LIB.came_at}
${LIB.next_of_2}
${LIB.BEHIND}
${LIB.TAGS}
${LIB.lines_of_kind}
${LIB.LINES_TO_COUNT}
${LIB.count_lines_2}
${LIB.count_pending}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.FIRST}
${LIB.waiting_queue}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.tasks_in}
limit_parts_made = { waiting_queue = waiting_queue, entries_of = entries_of, message_in_line = message_in_line, tasks_in = tasks_in }
end
return limit_parts_made
end
-- reads how many tasks lie in queues, and which are next.
-- Returns of each queue the numbers in its list, quarantined, scheduled, dead, and dead since then, the beginning of
-- the task that is next and when the first scheduled task is due (nothing if there is none), the number in lines, and
-- about how many of them a limit holds back.
local keys = { gates = KEYS[1], waiters = KEYS[2] }
local died_since = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[6 * i - 3],
    quarantined = KEYS[6 * i - 2],
    scheduled = KEYS[6 * i - 1],
    dead = KEYS[6 * i],
    held = KEYS[6 * i + 1],
    ready = KEYS[6 * i + 2],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A script because a dashboard asks for a hundred queues at once, again and again. Each command takes as long for many tasks as for
-- few. The caller gives so many queues that the whole is short.

local wrong = wrong_queues(queues) or wrong_places(queues)
if wrong then
  return wrong
end
local states = {}
for i, queue in ipairs(queues) do
  local head = next_of(keys, queue)
  local _, held_back = count_pending(keys, queue)
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  states[i] = {
    redis.call('LLEN', queue.pending),
    redis.call('LLEN', queue.quarantined),
    redis.call('ZCARD', queue.scheduled),
    redis.call('ZCARD', queue.dead),
    died_since == '' and 0 or redis.call('ZCOUNT', queue.dead, died_since, '+inf'),
    head and string.sub(head, 1, 100) or '',
    first[2] or '',
    redis.call('ZCARD', queue.held),
    held_back,
  }
end
return states`,
  'reschedule': `#!lua flags=allow-oom
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_queues}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.now_ms}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.base36}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.is_quarantined}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist}
${LIB.wait_until}
${LIB.by_name}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- gives a scheduled task another time, or moves it to the tail of its queue.
-- Returns 1, or 0 if it is not scheduled any more.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  limits = KEYS[4],
  slots = KEYS[5],
  rates = KEYS[6],
  paced = KEYS[7],
  waiters = KEYS[8],
  limit_labels = KEYS[9],
}
local message, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3]
local queue = {
  name = ARGV[4],
  pending = KEYS[10],
  quarantined = KEYS[11],
  bell = KEYS[12],
  scheduled = KEYS[13],
  held = KEYS[14],
  ready = KEYS[15],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms; 0 from now on means now, at the tail of its queue.
--
-- Atomic because a task must be on the schedule or in the queue, and keep its unique key.

local wrong = wrong_keys(keys) or wrong_queues({ queue }) or wrong_lines_of(keys, { queue }, { message })
if wrong then
  return wrong
end
if redis.call('ZREM', queue.scheduled, message) == 0 then
  return 0
end
local now = now_ms()
local due = math.max(tonumber(due_ms) + (due_from == 'in' and now or 0), now)
update_key(keys.unique, queue.name, wait_until(keys, by_name({ queue }), queue, message, due, due > now))
return 1`,
  'waiting-page': `#!lua flags=no-writes
local limit_parts
${LIB.size_of}
${LIB.range_of}
${LIB.line_in}
${LIB.waits_as_whole_2}
${LIB.WAITS}
${LIB.TAGS}
${LIB.is_held_back}
${LIB.body_start}
${LIB.is_call}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.message_in_line}
${LIB.FIRST}
${LIB.waiting_queue}
limit_parts_made = { message_in_line = message_in_line, waiting_queue = waiting_queue }
end
return limit_parts_made
end
-- reads tasks that wait in a queue, all or those of one name or id.
-- Returns the number looked at, where to go on, the number left there, and of each task the beginning of its message,
-- when it is due (nothing if it is not scheduled), the number looked at up to it, and 1 if a limit holds it back.
local keys = { gates = KEYS[1], waiters = KEYS[2] }
local place, order, at, limit, look, most_bytes, shown, call, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local queue = {
  name = ARGV[10],
  pending = KEYS[3],
  quarantined = KEYS[4],
  scheduled = KEYS[5],
  held = KEYS[6],
  ready = KEYS[7],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`place\` is the key of the queue to read, \`order\` is \`oldest\` (from the head on) or \`newest\` (from the tail on). \`at\` counts from
-- the tail, so that tasks that leave at the head move nothing: with \`oldest\` it is how many are left up to the tail, with
-- \`newest\` how many at the tail to pass over. \`shown\` is how many bytes of each message to return. \`id\` is how an id begins, '' for any; \`call\` how the body of a call does.
--
-- The places of a queue with lines are counted line by line, each in its order.
--
-- A script because only the beginning of some messages is wanted. Some may be large, so it takes few at first.

local is_schedule, has_lines = place == 'scheduled', place == 'held'
local size = is_schedule and redis.call('ZCARD', queue.scheduled) or size_of(queue, place)

-- In their order, with the time at which each is due, or with its line.
local function read(first, last)
  if not is_schedule and not has_lines then
    return range_of(queue, place, first, last), {}
  end
  local messages, dues, lines = {}, {}, {}
  if has_lines then
    for i, entry in ipairs(range_of(queue, place, first, last)) do
      messages[i], lines[i] = limit_parts().message_in_line(entry), line_in(entry)
    end
    return messages, dues, lines
  end
  local entries = redis.call('ZRANGE', queue[place], first, last, 'WITHSCORES')
  for i = 1, #entries, 2 do
    messages[#messages + 1] = entries[i]
    dues[#dues + 1] = entries[i + 1]
  end
  return messages, dues
end

local waiting, all_wait = {}, (place == 'pending' or has_lines) and waits_as_whole(keys, queue)
local function waits(line)
  if waiting[line] == nil then
    waiting[line] = is_held_back(queue, line)
  end
  return waiting[line]
end

local newest, position = order == 'newest', math.min(tonumber(at), size)
local left = newest and size - position or position
local most, looked, bytes, count, page = math.min(tonumber(look), left), 0, 0, 10, {}
local is_full = false
while looked < most and bytes < tonumber(most_bytes) and not is_full do
  count = math.min(count, most - looked)
  local last = newest and -1 - position - looked or looked - position + count - 1
  local messages, dues, lines = read(last - count + 1, last)
  for i = newest and #messages or 1, newest and 1 or #messages, newest and -1 or 1 do
    local message = messages[i]
    looked, bytes = looked + 1, bytes + #message
    if string.sub(message, 1, #id) == id and is_call(message, call) then
      page[#page + 1] = string.sub(message, 1, tonumber(shown))
      page[#page + 1] = dues[i] or ''
      page[#page + 1] = looked
      page[#page + 1] = (all_wait or lines and waits(lines[i])) and 1 or 0
      is_full = #page == 4 * limit
      if is_full then
        break
      end
    end
  end
  count = math.max(1, math.min(500, math.floor(looked * 100000 / bytes)))
end
return { looked, newest and position + looked or position - looked, left - looked, page }`,
  'add-nodes': `#!lua
local limit_parts
local settling_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.text}
${LIB.now_ms}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.member_of}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.by_name}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- adds nodes to a flow, each number once, and starts it with the last ones.
-- Returns the number of new nodes, -1 if the flow has ended, -2 if there is none, -3 for too many links.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local group, unsealed_ms, most_links, behind, starts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, ARGV[6] do
  queues[i] = { name = ARGV[i + 6], pending = KEYS[2 * i + 4], bell = KEYS[2 * i + 5] }
end
local nodes = part(ARGV, #queues + 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`nodes\` are, for each node, its number, what is known of it without its state (as NODE of lib/groups.lua reads it, from the number for
-- which it waits on), \`<queue> <message>\`, and the numbers of those that wait for it, '' for none. \`behind\` is the number of a running node
-- of the flow, '' for none: those that wait for that wait as well for the nodes of these for which no other waits. With \`starts\` these were
-- the last ones, and the flow begins. Each of these times each that waits for \`behind\` is a step for a promoter: more
-- than \`most_links\` would keep all others waiting for long.
--
-- Atomic because a flow must have all of its nodes before the first one ends. A repetition finds them, and adds none.

local wrong = wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
if not its or its.kind ~= 'f' then
  return -2
end
if its.state == 'abandoned' then
  return -1
elseif redis.call('HEXISTS', keys.groups, group .. ' n' .. nodes[1]) == 1 then
  return 0
elseif its.open <= 0 or is_over(its.state) or not groups.runs(its, behind) then
  return -1
end
-- those of a running flow for which no other waits, and what waits for them
local ends, hanging, links, covered = 0, '', 0, nil
for i = 4, #nodes, 4 do
  ends = ends + (nodes[i] == '' and 1 or 0)
end
if behind ~= '' then
  hanging, links, covered = groups.behind(its, tonumber(behind))
end
if ends * links > tonumber(most_links) then
  return -3
end
-- a flow that is there as a whole begins at once
local begins, ready = behind ~= '' or starts == '1' and its.total == 0, {}
for i = 1, #nodes, 4 do
  local number, about, entry, waiting = nodes[i], nodes[i + 1], nodes[i + 2], nodes[i + 3]
  if behind ~= '' and waiting == '' then
    waiting = hanging
    about = string.gsub(about, '^(%d+ %l+) %d', '%1 ' .. covered, 1)
  end
  if begins and string.find(about, '^0 ') then
    redis.call('HSET', keys.groups, group .. ' n' .. number, 'ready ' .. about)
    ready[#ready + 1] = entry
  else
    local id = string.match(entry, '^%S+ (....................)')
    redis.call('HSET', keys.groups, group .. ' n' .. number, 'waiting ' .. about, id, entry)
  end
  if waiting ~= '' then
    redis.call('HSET', keys.groups, group .. ' d' .. number, waiting)
  end
end
its.total, its.open = its.total + #nodes / 4, its.open + #nodes / 4
groups.write(its)
groups.hang_on(its, hanging, ends)
groups.send(ready)
if starts == '1' and behind == '' and groups.seal(its) and not begins then
  groups.start(its, 0)
elseif starts ~= '1' then
  redis.call('ZADD', keys.group_times, 'XX', text(now_ms() + unsealed_ms), group .. ' unsealed')
end
return #nodes / 4`,
  'cancel-group': `#!lua flags=allow-oom
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.text}
${LIB.now_ms}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.member_of}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.by_name}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- cancels a batch or a flow: no more of its members start.
-- Returns 1, 0 if it has ended, -1 if there is none.
local keys = {
  alarm = KEYS[1],
  broadcasts = KEYS[2],
  groups = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  released = KEYS[6],
}
local group, kept = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 5], bell = KEYS[2 * i + 6] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a group that has ended in the meantime must not count as cancelled.

local wrong = wrong_groups(keys) or wrong_type('stream', keys.broadcasts) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
if not its then
  return -1
end
if its.open <= 0 or is_over(its.state) then
  return 0
end
groups.stop(its, 'cancelled', keys.broadcasts, kept)
return 1`,
  'cancel-node': `#!lua flags=allow-oom
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.split}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.text}
${LIB.remember_ids}
${LIB.remember_cancelled}
${LIB.now_ms}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.result_tag}
${LIB.RENEWED}
${LIB.announce}
${LIB.by_name}
${LIB.MADE}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
${LIB.leave_group}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- cancels a task that waits for others of its flow.
-- Returns 1, or 0 if it waits there no longer.
local keys = {
  cancelled = KEYS[1],
  alarm = KEYS[2],
  endings = KEYS[3],
  catalog = KEYS[4],
  groups = KEYS[5],
  group_times = KEYS[6],
  groups_ended = KEYS[7],
  released = KEYS[8],
}
local id = ARGV[1]
local queues = {}
for i = 1, ARGV[2] do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 7], bell = KEYS[2 * i + 8] }
end
local answering = {}
for i = 1, #ARGV - (#queues + 2) do
  answering[i] = { name = ARGV[#queues + i + 2], answers = KEYS[2 * #queues + i + 8] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- What waits for it goes on without it, or dies, as after every other end.
--
-- Atomic because a task that was sent in the meantime must not count as cancelled.

local wrong = wrong_type('zset', keys.cancelled) or wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local queue, message = split(redis.call('HGET', keys.groups, id) or '')
-- under the id of a group lies no task
if not message or not member_of(message) then
  return 0
end
redis.call('HDEL', keys.groups, id)
remember_cancelled(keys.cancelled, now_ms(), id)
note_ending(keys, queue, message, 'cancelled')
announce(by_name(answering), message)
leave_group(keys, by_name(queues), message, 'cancelled')
return 1`,
  'enqueue-members': `#!lua
local limit_parts
local settling_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.text}
${LIB.now_ms}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.let_in}
${LIB.schedule}
${LIB.by_name}
${LIB.note_labels_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.note_all_labels}
${LIB.limits_of}
${LIB.DECLARED}
${LIB.note_labels_of}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks, note_all_labels = note_all_labels, note_labels_of = note_labels_of }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- adds messages to a batch and to their queue, each id once.
-- Returns the number of new messages, -1 if the group has ended, -2 if there is none.
local keys = {
  seen = KEYS[1],
  alarm = KEYS[2],
  groups = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  released = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local seconds, group, unsealed_ms, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[13],
  bell = KEYS[14],
  scheduled = KEYS[15],
  held = KEYS[16],
  ready = KEYS[17],
}
local labels = part(ARGV, 8, 7 + ARGV[7])
local messages = part(ARGV, #labels + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms. While the group is not sealed, its sender has \`unsealed_ms\` for the next call.
--
-- Atomic because a member that was added and not counted could end a group too early, and one that was counted and not added would keep
-- it for ever.

local wrong = wrong_groups(keys) or wrong_type('string', keys.seen) or wrong_lines_of(keys, { queue }, messages)
if wrong then
  return wrong
end
local groups = groups_of(keys, {})
local now, its = now_ms(), groups.read(group)
if not its or its.kind ~= 'b' or its.open <= 0 or is_over(its.state) then
  return its and its.kind == 'b' and -1 or -2
end
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
local added = let_in(keys.seen, seconds, messages, function(fresh)
  if due > now then
    schedule(queue.scheduled, keys.alarm, due, fresh)
  else
    enlist_new(keys, by_name({ queue }), queue, fresh)
  end
  note_labels(keys, labels, fresh, #messages)
end)
if type(added) == 'number' then
  its.total, its.open = its.total + added, its.open + added
  groups.write(its)
  redis.call('ZADD', keys.group_times, 'XX', text(now + unsealed_ms), group .. ' unsealed')
end
return added`,
  'open-group': `#!lua
${LIB.wrong_type}
${LIB.now_ms}
${LIB.text}
${LIB.ring}
-- opens a batch or a flow.
-- Returns 1, or 0 if it is there.
local keys = { groups = KEYS[1], group_times = KEYS[2], group_index = KEYS[3], alarm = KEYS[4] }
local group, kind, policy, about, unsealed_ms, deadline_ms, done, failed = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`policy\` is \`fail\` or \`end\`, see lib/groups.lua; \`about\` its name and more; \`done\` and \`failed\` are \`<queue> <message>\`, '' for none. It
-- may be added to for \`unsealed_ms\`, and has \`deadline_ms\`, '' for no end.
--
-- Atomic because a group without a time for its end could stay for ever. A repetition changes nothing.

local wrong = wrong_type('hash', keys.groups) or wrong_type('zset', keys.group_times, keys.group_index)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.groups, group) == 1 then
  return 0
end
local now = now_ms()
redis.call('HSET', keys.groups, group, kind .. ' ' .. policy .. ' open 1 0 0 0 0 0 0 0 0', group .. ' about', about)
if done ~= '' then
  redis.call('HSET', keys.groups, group .. ' done', done)
end
if failed ~= '' then
  redis.call('HSET', keys.groups, group .. ' failed', failed)
end
redis.call('ZADD', keys.group_times, text(now + unsealed_ms), group .. ' unsealed')
if deadline_ms ~= '' then
  redis.call('ZADD', keys.group_times, text(now + deadline_ms), group .. ' deadline')
end
redis.call('ZADD', keys.group_index, text(now), group)
ring(keys.alarm)
return 1`,
  'seal-group': `#!lua flags=allow-oom
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.text}
${LIB.now_ms}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.member_of}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.by_name}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { line_of = line_of, wrong_lines = wrong_lines, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- ends the time in which a batch is filled.
-- Returns 1, or 0 if it was over.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local group, abandoned = ARGV[1], ARGV[2]
local queues = {}
for i = 1, #ARGV - 2 do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 4], bell = KEYS[2 * i + 5] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`abandoned\` is 1 where its sender gives up.
--
-- Atomic because the last member may end at the same time: one of both must find nothing left.

local wrong = wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
return its and groups.seal(its, abandoned == '1') and 1 or 0`,
  'tend-groups': `#!lua flags=allow-oom
local limit_parts
local settling_parts
${LIB.wrong_type}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.by_name}
${LIB.text}
${LIB.now_ms}
${LIB.ring}
${LIB.GROUP}
${LIB.base36}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.part}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.at_time}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.member_of}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.series_name}
${LIB.result_tag}
${LIB.keep_result}
${LIB.keep_failure}
${LIB.note_endings}
${LIB.RENEWED}
${LIB.announce}
${LIB.MADE}
${LIB.shared_groups}
${LIB.leave_group}
${LIB.ENDED_KEPT}
${LIB.note_ending}
${LIB.remember_ids}
${LIB.remember_removed}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, limit_at = limit_at, may_list = may_list, FIRST = FIRST, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
settling_parts_made = { entry_in_line = entry_in_line, keeps_slot = keeps_slot, add_within = add_within }
end
return settling_parts_made
end
-- carries out what scripts have left to promoters, ends groups whose time is over, and forgets old ones.
-- Returns the number of things done, the number of orders left.
local keys = {
  alarm = KEYS[1],
  broadcasts = KEYS[2],
  removed = KEYS[3],
  group_index = KEYS[4],
  endings = KEYS[5],
  catalog = KEYS[6],
  groups = KEYS[7],
  group_times = KEYS[8],
  groups_ended = KEYS[9],
  released = KEYS[10],
  limits = KEYS[11],
  slots = KEYS[12],
  rates = KEYS[13],
  paced = KEYS[14],
  waiters = KEYS[15],
  limit_labels = KEYS[16],
}
local orders, broadcasts_kept = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 4],
    pending = KEYS[8 * i + 9],
    quarantined = KEYS[8 * i + 10],
    bell = KEYS[8 * i + 11],
    scheduled = KEYS[8 * i + 12],
    dead = KEYS[8 * i + 13],
    records = KEYS[8 * i + 14],
    held = KEYS[8 * i + 15],
    ready = KEYS[8 * i + 16],
  }
end
local kept = {}
for i = 1, ARGV[4] do
  kept[i] = { name = ARGV[#queues + i + 4], result = KEYS[8 * #queues + i + 16] }
end
local answering = {}
for i = 1, #ARGV - (#queues + #kept + 4) do
  answering[i] = { name = ARGV[#queues + #kept + i + 4], answers = KEYS[8 * #queues + #kept + i + 16] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Orders are, one after the other in \`released\`:
--   \`+ <queue> <message>\`                     comes to its queue, whose keys the script that released it had not
--   \`! <queue> <message>\`                     is dead: it waited for something that is lost
--   \`> <group> <node> <how> <which> <from>\`   more nodes are reached that waited for one
--   \`= <group> <from>\`                        more nodes of a flow start
--   \`x <group> <from>\`                        more nodes of a flow that was stopped end
--   \`f\`, \`f <group> <from>\`                   more is forgotten of groups that have ended
-- An order needs the keys of its queue and of its result; the caller has looked at the first ones, and looks again where others were
-- faster.
--
-- Atomic because what leaves the list must be in its queue or among the dead, and a time that is over must be over once.

local wrong = wrong_groups(keys) or wrong_queues(queues) or limit_parts().wrong_lines(keys, queues)
if wrong then
  return wrong
end
local known_queues, known_results, known_answering = by_name(queues), by_name(kept), by_name(answering)
local groups, now, tended = groups_of(keys, known_queues), now_ms(), 0

local function bury_waiting(queue, message)
  local id = string.sub(message, 1, 20)
  local name = series_name(keys, message)
  local report = '{"code":"GROUP_FAILED","task":"' .. name .. '","error":"It waited for tasks of which one failed for good, '
    .. 'or was cancelled, dropped or deleted.","host":"","pid":0}'
  redis.call('ZADD', queue.dead, text(now), id)
  redis.call('HSET', queue.records, id, report .. '\\n' .. message)
  keep_failure(known_results[id] and known_results[id].result, message, report)
  note_endings(keys, queue.name, name, 'dead', 1)
  announce(known_answering, message)
  leave_group(keys, known_queues, message, 'dead', report)
end

local function forget_old()
  local surplus = redis.call('ZCARD', keys.groups_ended) - MOST_ENDED
  local old = redis.call('ZRANGEBYSCORE', keys.groups_ended, '-inf', text(now - ENDED_KEPT), 'LIMIT', 0, 50)
  if #old == 0 and surplus > 0 then
    old = redis.call('ZRANGE', keys.groups_ended, 0, math.min(surplus, 50) - 1)
  end
  local fields = 0
  for _, id in ipairs(old) do
    if fields < 500 then
      fields = fields + groups.forget(id, 0)
      tended = tended + 1
    end
  end
end

-- Returns whether the script has the keys for the order.
local function carry_out(order)
  local kind, rest = string.sub(order, 1, 1), string.sub(order, 3)
  local first, second = split(rest)
  if kind == '+' or kind == '!' then
    local queue, id = known_queues[first or ''], string.sub(second or '', 1, 20)
    -- of foreign bytes the caller reads something else, and will never have the keys
    local is_ours = string.find(first or '', '^[\\33-\\126]+$')
    local keeps = kind == '!' and string.find(id, '^%w+$') and result_tag(second)
    if is_ours and second and not queue or queue and keeps and not known_results[id] then
      return false
    end
    redis.call('LPOP', keys.released)
    if queue and kind == '+' then
      enlist_new(keys, known_queues, queue, { second })
    elseif queue then
      bury_waiting(queue, second)
    end
    return true
  end
  redis.call('LPOP', keys.released)
  local its = first and groups.read(first)
  if kind == '>' and its then
    local number, how, which, from = string.match(second, '^(%d+) (%l+) (%l+) (%d+)$')
    if number then
      groups.reach_all(its, tonumber(number), how, which, tonumber(from))
    end
  elseif kind == '=' and its and not is_over(its.state) then
    groups.start(its, tonumber(second))
  elseif kind == 'x' and its then
    local asking = {}
    for _, entry in ipairs(groups.end_waiting(its, tonumber(second))) do
      local queue, message = split(entry)
      note_ending(keys, queue, message, 'cancelled')
      if result_tag(message) then
        asking[#asking + 1] = text(now)
        asking[#asking + 1] = string.sub(message, 1, 20)
      end
    end
    remember_removed(keys.removed, now, asking)
  elseif kind == 'f' and first then
    groups.forget(first, tonumber(second))
  end
  return true
end

local function end_time(entry)
  local id, what = split(entry)
  local its = what and groups.read(id)
  if its and its.open > 0 and not is_over(its.state) then
    if what == 'deadline' then
      groups.stop(its, 'expired', keys.broadcasts, broadcasts_kept)
    elseif what == 'unsealed' and its.kind == 'f' then
      groups.stop(its, 'abandoned', keys.broadcasts, broadcasts_kept)
    elseif what == 'unsealed' then
      groups.seal(its, true)
    end
  end
  -- also one of others
  redis.call('ZREM', keys.group_times, entry)
end

local left = tonumber(orders)
while left > 0 do
  local order = redis.call('LINDEX', keys.released, 0)
  if not order or not carry_out(order) then
    break
  end
  -- a walk takes as long as many tasks that come to their queues
  left = left - (string.find(order, '^[+!]') and 1 or 25)
  tended = tended + 1
end
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keys.group_times, '-inf', text(now), 'LIMIT', 0, 20)) do
  end_time(entry)
  tended = tended + 1
end
forget_old()
return { tended, redis.call('LLEN', keys.released) }`,
  'close-session': `#!lua flags=allow-oom
-- deletes a session that has no child.
-- Returns 1, or 0 if a child is registered.
local sessions, session = KEYS[1], KEYS[2]
local session_id = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Of one with children the lease runs out, and the reaper takes what they hold.
--
-- Atomic because a session must not vanish while a child of it may hold claims.

for _, field in ipairs(redis.call('HKEYS', session)) do
  if string.sub(field, 1, 1) ~= '@' then
    return 0
  end
end
redis.call('DEL', session)
redis.call('ZREM', sessions, session_id)
return 1`,
  'live-sessions': `#!lua flags=no-writes
${LIB.wrong_type}
${LIB.now_ms}
-- lists the sessions with the ends of their leases, and all that is known of some of them.
-- Returns the time of Redis in ms, all sessions, each followed by the end of its lease, and those among the known ones
-- with their fields and digest (nothing if there is none).
local keys = { sessions = KEYS[1] }
local known = {}
for i = 1, #ARGV - 0 do
  known[i] = { name = ARGV[i], session = KEYS[2 * i], digest = KEYS[2 * i + 1] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Keys are declared, so a caller names the sessions that it knows from the call before: mostly that is all of them.

local wrong = wrong_type('zset', keys.sessions)
if wrong then
  return wrong
end
local now = now_ms()
local leases = redis.call('ZRANGE', keys.sessions, 0, -1, 'WITHSCORES')
local is_listed = {}
for i = 1, #leases, 2 do
  is_listed[leases[i]] = true
end

-- A key of somebody else is no digest.
local function digest_of(session)
  local digest = redis.pcall('GET', session.digest)
  return digest and (digest.err and 'no string' or digest) or ''
end

local found = {}
for _, session in ipairs(known) do
  if is_listed[session.name] then
    wrong = wrong_type('hash', session.session)
    if wrong then
      return wrong
    end
    found[#found + 1] = { session.name, redis.call('HGETALL', session.session), digest_of(session) }
  end
end
return { now, leases, found }`,
  'open-session': `#!lua flags=allow-oom
${LIB.part}
${LIB.now_ms}
${LIB.text}
${LIB.forgive_after_gap}
${LIB.ring}
-- opens a session with a lease, and writes the catalog and the limits.
-- Returns 1.
local sessions, session, pulse, catalog, limits, gates, paced, alarm = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local session_id, lease_ms = ARGV[1], ARGV[2]
local description = part(ARGV, 6, 5 + ARGV[3])
local declared = part(ARGV, #description + 6, #description + 5 + ARGV[4])
local gated = part(ARGV, #description + #declared + 6, #description + #declared + 5 + ARGV[5])
local entries = part(ARGV, #description + #declared + #gated + 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The description is fields and values, the entries of the catalog are names and JSON. \`declared\` are fields of limits and their values,
-- \`gated\` queues and their limits. The declaration of the newest session holds.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
redis.call('HSET', session, unpack(description))
for i = 1, #entries, 2 do
  redis.call('HSET', catalog, entries[i], entries[i + 1])
end
-- what a declaration allows, without when it was made
local ALLOWED = '^%S+ %S+ %S+ %d+'
for i = 1, #declared, 2 do
  local name, rule = declared[i], declared[i + 1]
  local before = redis.call('HGET', limits, name)
  redis.call('HSET', limits, name, rule)
  if not before or string.match(before, ALLOWED) ~= string.match(rule, ALLOWED) then
    -- a promoter lets go on what waits by another rule
    redis.call('ZADD', paced, text(now), '*' .. name)
    ring(alarm)
  end
end
if #gated > 0 then
  redis.call('HSET', gates, unpack(gated))
end
redis.call('ZADD', sessions, text(now + lease_ms), session_id)
return 1`,
  'order-worker': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.now_ms}
-- adds an order for one worker to the stream.
-- Returns 1, or 0 if the lease of the worker is over.
local sessions, broadcasts = KEYS[1], KEYS[2]
local session_id, kept, id, action, pid, ordered_by = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because an order that nobody will read must not look as if it was given.

local wrong = wrong_type('stream', broadcasts)
if wrong then
  return wrong
end
local deadline = redis.call('ZSCORE', sessions, session_id)
if not deadline or tonumber(deadline) <= now_ms() then
  return 0
end
local order = { 'kind', 'order', 'session', session_id, 'id', id, 'action', action, 'pid', pid, 'by', ordered_by }
redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', unpack(order))
return 1`,
  'overdue': `#!lua flags=allow-oom
${LIB.now_ms}
${LIB.text}
${LIB.forgive_after_gap}
-- lists sessions whose lease ran out.
-- Returns ms until the next deadline or -1, the sessions.
local sessions, pulse = KEYS[1], KEYS[2]
local lease_ms = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The lease is that of the supervisor that asks.
--
-- Atomic because the gap must be forgiven before deadlines are compared with the clock.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
local overdue = redis.call('ZRANGEBYSCORE', sessions, '-inf', text(now), 'LIMIT', 0, 100)
local next = redis.call('ZRANGEBYSCORE', sessions, '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { next[2] and next[2] - now or -1, unpack(overdue) }`,
  'publish-digest': `#!lua flags=allow-oom
${LIB.text}
${LIB.now_ms}
-- publishes the digest of a worker, which goes with its lease.
-- Returns 1 if somebody looks at the workers, 0 if not, -1 if the session was reaped.
local sessions, digest, watched = KEYS[1], KEYS[2], KEYS[3]
local session_id, for_ms, json = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the digest of a worker that is gone must not stay, and the time is that of Redis.

if not redis.call('ZSCORE', sessions, session_id) then
  return -1
end
redis.call('SET', digest, text(now_ms()) .. ' ' .. json, 'PX', for_ms)
return redis.call('EXISTS', watched)`,
  'reap': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.now_ms}
${LIB.text}
${LIB.forgive_after_gap}
${LIB.by_name}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_claim}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.may_have_limits}
${LIB.LIMITS}
${LIB.ring}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.bury_stray}
${LIB.is_cancelled}
${LIB.member_of}
${LIB.base36}
${LIB.part}
${LIB.FRESH}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.leave_group_2}
${LIB.end_as_cancelled}
${LIB.end_cancelled}
${LIB.keep_ordered_2}
${LIB.is_quarantined}
${LIB.enlist}
${LIB.give_up_slots_2}
${LIB.put_back}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.is_letter}
${LIB.limits_of}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.used_of}
${LIB.give_up_slot}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.keeps_head_2}
${LIB.PACE}
${LIB.look_at}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by_2}
${LIB.nudge_2}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.turn_of}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.with_letter}
limit_parts_made = { wrong_lines = wrong_lines, limits_of = limits_of, line_of = line_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, WAITED = WAITED, rule_of = rule_of, FIRST = FIRST, room_of = room_of, entries_of = entries_of, keeps_head = keeps_head, PACE = PACE, look_at = look_at, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, free_slots = free_slots, forget_labels = forget_labels, turn_of = turn_of, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks, with_letter = with_letter }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.first_in_line_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.note_given_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { first_in_line = first_in_line, keeps_slot = keeps_slot, nudge_within = nudge_within, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- returns all claims of a session whose lease ran out, uncounted, and deletes the session.
-- Returns the number returned, or -1 if the session was renewed, is gone or has changed.
local keys = {
  sessions = KEYS[1],
  session = KEYS[2],
  pulse = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  endings = KEYS[7],
  catalog = KEYS[8],
  groups = KEYS[9],
  group_times = KEYS[10],
  groups_ended = KEYS[11],
  released = KEYS[12],
  limits = KEYS[13],
  slots = KEYS[14],
  rates = KEYS[15],
  paced = KEYS[16],
  waiters = KEYS[17],
  limit_labels = KEYS[18],
}
local session_id, lease_ms = ARGV[1], ARGV[2]
local children = {}
for i = 1, ARGV[3] do
  children[i] = { name = ARGV[i + 3], claims = KEYS[i + 18] }
end
local queues = {}
for i = 1, #ARGV - (#children + 3) do
  queues[i] = {
    name = ARGV[#children + i + 3],
    pending = KEYS[#children + 8 * i + 11],
    quarantined = KEYS[#children + 8 * i + 12],
    bell = KEYS[#children + 8 * i + 13],
    scheduled = KEYS[#children + 8 * i + 14],
    dead = KEYS[#children + 8 * i + 15],
    records = KEYS[#children + 8 * i + 16],
    held = KEYS[#children + 8 * i + 17],
    ready = KEYS[#children + 8 * i + 18],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The lease is that of the supervisor that asks.
--
-- Atomic because the deadline is checked in the same instant in which children lose their registration.

local now = now_ms()
forgive_after_gap(keys.sessions, keys.pulse, now, tonumber(lease_ms))
local deadline = redis.call('ZSCORE', keys.sessions, session_id)
if not deadline or tonumber(deadline) > now then
  return -1
end

local known_children, known_queues = by_name(children), by_name(queues)
for _, field in ipairs(redis.call('HKEYS', keys.session)) do
  if string.sub(field, 1, 1) ~= '@' and not known_children[field] then
    return -1
  end
end

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues) or limit_parts().wrong_lines(keys, queues)
for _, child in ipairs(children) do
  wrong = wrong or wrong_type('hash', child.claims)
end
if wrong then
  return wrong
end
local tasks = {}
for _, child in ipairs(children) do
  local all = redis.call('HGETALL', child.claims)
  for i = 1, #all, 2 do
    local task = held_task(child.claims, all[i], all[i + 1], known_queues)
    if task then
      tasks[#tasks + 1] = task
    else
      bury_stray(keys, known_queues, queues[1], child.claims, all[i], all[i + 1])
    end
  end
end

put_back(keys, tasks)
redis.call('DEL', keys.session)
redis.call('ZREM', keys.sessions, session_id)
return #tasks`,
  'register': `#!lua flags=allow-oom
-- registers a child in a session, so that it can claim.
-- Returns 1, or 0 if the session was reaped.
local sessions, session = KEYS[1], KEYS[2]
local session_id, child = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child added to a session that is being reaped would claim tasks without a lease.

if not redis.call('ZSCORE', sessions, session_id) then
  return 0
end
redis.call('HSETNX', session, child, '0')
return 1`,
  'renew': `#!lua flags=allow-oom
${LIB.now_ms}
${LIB.text}
${LIB.forgive_after_gap}
-- renews the lease of a session.
-- Returns 1, or 0 if the session was reaped.
local sessions, pulse = KEYS[1], KEYS[2]
local session_id, lease_ms = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the gap is measured and forgiven before anyone can act on an outdated deadline.

local now = now_ms()
forgive_after_gap(sessions, pulse, now, tonumber(lease_ms))
if not redis.call('ZSCORE', sessions, session_id) then
  return 0
end
redis.call('ZADD', sessions, text(now + lease_ms), session_id)
return 1`,
  'forget-limit': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.wrong_lines}
${LIB.wrong_queues}
${LIB.wrong_for_rules}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.by_name}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.text}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.RULES}
${LIB.forget_rules}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.keeps_slot}
${LIB.message_in_line}
${LIB.keeps_head}
${LIB.PACE}
${LIB.ring}
${LIB.look_at}
${LIB.pace_limit}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by}
${LIB.settle_line}
${LIB.vanish_line}
${LIB.refresh_line}
${LIB.nudge_within}
${LIB.nudge}
${LIB.nudge_all}
${LIB.apply_rule}
${LIB.end_entry}
-- forgets a limit that no session declares any more.
-- Returns 1, or 0 if it was declared anew.
local keys = {
  gates = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local name, declared, queue = ARGV[1], ARGV[2], ARGV[3]
local queues = {}
for i = 1, #ARGV - 3 do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`declared\` is what the caller has seen in the hash, which it removes only unchanged: a session that was opened since has declared it
-- anew; '' for the limit of a queue that nobody has declared, and for which nothing is set any more. \`queue\` is that whose limit it is, ''
-- for none; it keeps its limit while something is set for that.
--
-- Atomic because the tasks that wait for it must go on: nothing else will wake them.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
if (redis.call('HGET', keys.limits, name) or '') ~= declared then
  return 0
end
if queue ~= '' and redis.call('HEXISTS', keys.limits, name .. '!') == 0 then
  redis.call('HDEL', keys.gates, queue)
end
use_lines(keys, by_name(queues))
return end_entry(name)`,
  'reset-limit': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.wrong_lines}
${LIB.wrong_queues}
${LIB.wrong_for_rules}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.by_name}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.text}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.RULES}
${LIB.forget_rules}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.keeps_slot}
${LIB.message_in_line}
${LIB.keeps_head}
${LIB.PACE}
${LIB.ring}
${LIB.look_at}
${LIB.pace_limit}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by}
${LIB.settle_line}
${LIB.vanish_line}
${LIB.refresh_line}
${LIB.nudge_within}
${LIB.nudge}
${LIB.nudge_all}
${LIB.apply_rule}
${LIB.end_entry}
-- ends what was set for a limit or a key, and the stop of a task.
-- Returns what was set, until when a task had stopped it, nothing for none, and the ms of Redis time.
local keys = {
  gates = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local field, stop, queue = ARGV[1], ARGV[2], ARGV[3]
local queues = {}
for i = 1, #ARGV - 3 do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`field\` is that of the limit or of one of its keys, \`stop\` that of a stop, see lib/limits.lua. \`queue\` is that whose limit it is, ''
-- for none: where no app has declared that, the queue has none any more.
--
-- Atomic because what waits must go on by the declaration.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
use_lines(keys, by_name(queues))
local override, stopped = unpack(redis.call('HMGET', keys.limits, field, stop))
redis.call('ZREM', keys.paced, '!' .. field, '!' .. stop)
if queue ~= '' and redis.call('HEXISTS', keys.limits, string.sub(field, 1, 6)) == 0 then
  redis.call('HDEL', keys.gates, queue)
end
end_entry(stop)
end_entry(field)
return { override or '', stopped or '', text(LIMITS.now) }`,
  'set-limit': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.wrong_lines}
${LIB.wrong_queues}
${LIB.wrong_for_rules}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.by_name}
${LIB.text}
${LIB.ring}
${LIB.look_at}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.RULES}
${LIB.forget_rules}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.keeps_slot}
${LIB.message_in_line}
${LIB.keeps_head}
${LIB.PACE}
${LIB.pace_limit}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by}
${LIB.settle_line}
${LIB.vanish_line}
${LIB.refresh_line}
${LIB.nudge_within}
${LIB.nudge}
${LIB.nudge_all}
${LIB.apply_rule}
${LIB.set_entry}
-- sets what a limit, or one of its keys, allows, for a time or until it is reset.
-- Returns the end in ms of Redis time, or 0, and what was set before, nothing if that is the same.
local keys = {
  gates = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local field, value, for_ms, details, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, #ARGV - 5 do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[4 * i + 5],
    bell = KEYS[4 * i + 6],
    held = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`field\` is that of the limit or of one of its keys, \`value\` what stands in front of the end and the JSON behind it, see lib/limits.lua. \`for_ms\` is '' for
-- no end; \`queue\` is that whose limit it is, '' for none: no app need have declared that.
--
-- Atomic because what waits must go on by the new rule, and its end must be known to promoters. A repeated command sets the same again.

local wrong = wrong_for_rules(keys, queues)
if wrong then
  return wrong
end
use_lines(keys, by_name(queues))
local ends = for_ms == '' and '0' or text(LIMITS.now + for_ms)
local before = redis.call('HGET', keys.limits, field) or ''
if queue ~= '' then
  redis.call('HSET', keys.gates, queue, string.sub(field, 1, 6) .. string.rep('-', 21))
end
set_entry(field, value .. ' ' .. ends .. ' ' .. details, for_ms ~= '' and ends)
-- a repeated command finds its own
return { ends, string.sub(before, -#details - 1) == ' ' .. details and '' or before }`,
  'flush': `#!lua flags=allow-oom
${LIB.part}
${LIB.now_ms}
${LIB.wrong_type}
${LIB.wrong_metrics}
${LIB.noted}
${LIB.MOST_SERIES}
${LIB.read_counts}
${LIB.text}
${LIB.write_counts}
${LIB.add_to_hash}
${LIB.add_counts}
${LIB.add_endings}
${LIB.keep_metrics}
-- adds the counts of a child to the minute, the ten minutes and the totals, each flush once.
-- Returns 0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms.
local keys = {
  metrics = KEYS[1],
  metrics_ten = KEYS[2],
  totals = KEYS[3],
  endings = KEYS[4],
  flushed = KEYS[5],
}
local minute, number = ARGV[1], ARGV[2]
local counts = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`counts\` are series and their counts, at most 100. A caller whose minute is not that of Redis asks again with the right one.
--
-- Atomic because the number of a flush and its counts must appear together: a flush whose reply was lost comes again.

local now = now_ms()
if math.abs(math.floor(now / 60000) - minute) > 1 then
  return { 0, now }
end
local wrong = wrong_metrics(keys) or wrong_type('string', keys.flushed)
if wrong then
  return wrong
end
if tonumber(number) <= (noted(redis.call('GET', keys.flushed)) or 0) then
  return { 1, now }
end
redis.call('SET', keys.flushed, number, 'EX', 3600)
for i = 1, #counts, 2 do
  add_counts(keys, counts[i], read_counts(counts[i + 1]))
end
add_endings(keys)
keep_metrics(keys)
return { 1, now }`,
  'metrics-page': `#!lua flags=no-writes
${LIB.wrong_type}
-- reads the counts of minutes or ten minutes, as many as are not too large at once.
-- Returns fields and values of each, from the first on, of one at least.
local most_bytes = ARGV[1]
local minutes = {}
for i = 1, ARGV[2] do
  minutes[i] = { name = ARGV[i + 2], metrics = KEYS[i] }
end
local tens = {}
for i = 1, #ARGV - (#minutes + 2) do
  tens[i] = { name = ARGV[#minutes + i + 2], metrics_ten = KEYS[#minutes + i] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A script because a week has a thousand hashes, most of them small.

local all = {}
for _, minute in ipairs(minutes) do
  all[#all + 1] = minute.metrics
end
for _, ten in ipairs(tens) do
  all[#all + 1] = ten.metrics_ten
end
local pages, bytes = {}, 0
for at, key in ipairs(all) do
  if bytes >= tonumber(most_bytes) then
    break
  end
  local wrong = wrong_type('hash', key)
  if wrong then
    return wrong
  end
  pages[at] = redis.call('HGETALL', key)
  for _, value in ipairs(pages[at]) do
    bytes = bytes + #value
  end
end
return pages`,
  'sample': `#!lua flags=allow-oom
local limit_parts
${LIB.now_ms}
${LIB.wrong_type}
${LIB.wrong_metrics}
${LIB.waits_as_whole_2}
${LIB.text}
${LIB.WAITS}
${LIB.came_at}
${LIB.next_of_2}
${LIB.wrong_queues}
${LIB.wrong_places}
${LIB.BEHIND}
${LIB.TAGS}
${LIB.lines_of_kind}
${LIB.LINES_TO_COUNT}
${LIB.count_lines_2}
${LIB.count_pending}
${LIB.write_counts}
${LIB.read_counts}
${LIB.noted}
${LIB.MOST_SERIES}
${LIB.add_to_hash}
${LIB.add_counts}
${LIB.add_endings}
${LIB.keep_metrics}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.FIRST}
${LIB.waiting_queue}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.tasks_in}
limit_parts_made = { waiting_queue = waiting_queue, entries_of = entries_of, message_in_line = message_in_line, tasks_in = tasks_in }
end
return limit_parts_made
end
-- notes how long queues are and how old their oldest task is, once a minute.
-- Returns 0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms; the number of queues.
local keys = {
  metrics = KEYS[1],
  metrics_ten = KEYS[2],
  totals = KEYS[3],
  endings = KEYS[4],
  gates = KEYS[5],
  waiters = KEYS[6],
}
local minute = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[5 * i + 2],
    quarantined = KEYS[5 * i + 3],
    scheduled = KEYS[5 * i + 4],
    held = KEYS[5 * i + 5],
    ready = KEYS[5 * i + 6],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The first worker that comes in a minute samples a queue. Ten minutes have the lengths of their beginning and the greatest
-- age. A caller whose minute is not that of Redis asks again with the right one.
--
-- Atomic because the lengths of a queue are of one moment, and each is sampled once.

local now = now_ms()
if math.floor(now / 60000) ~= tonumber(minute) then
  return { 0, now }
end
local wrong = wrong_metrics(keys)
if wrong then
  return wrong
end

-- How long the next task of the queue has waited, or the first scheduled task is overdue, in ms.
local function oldest_age(queue)
  local head = next_of(keys, queue)
  local since = head and tonumber(string.sub(head, 26, 34), 36) or now
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  return math.max(now - math.min(since, tonumber(first[2]) or now), 0)
end

local sampled = 0
for _, queue in ipairs(queues) do
  if redis.call('HEXISTS', keys.metrics, queue.name) == 0 and not wrong_queues({ queue })
    and not wrong_places({ queue }) then
    local age = oldest_age(queue)
    local may_start, held_back = count_pending(keys, queue)
    local sample = {
      pending = may_start,
      held = held_back,
      quarantined = redis.call('LLEN', queue.quarantined),
      scheduled = redis.call('ZCARD', queue.scheduled),
      oldest = age,
    }
    write_counts(keys.metrics, queue.name, sample)
    local former = redis.call('HGET', keys.metrics_ten, queue.name)
    local ten = former and read_counts(former) or sample
    ten.oldest = math.max(ten.oldest or 0, age)
    write_counts(keys.metrics_ten, queue.name, ten)
    sampled = sampled + 1
  end
end
add_endings(keys)
keep_metrics(keys)
return { 1, now, sampled }`,
  'totals': `#!lua flags=no-writes
${LIB.wrong_type}
-- reads the counts since the first.
-- Returns fields and values of the totals, and of the endings.
local keys = { totals = KEYS[1], endings = KEYS[2] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a flush moves counts from the endings to the totals: read one after the other, a counter could go down.

local wrong = wrong_type('hash', keys.totals, keys.endings)
return wrong or { redis.call('HGETALL', keys.totals), redis.call('HGETALL', keys.endings) }`,
  'note-outbox': `#!lua flags=allow-oom
${LIB.now_ms}
${LIB.text}
${LIB.noted}
-- notes how the rows of an outbox stand, and forgets outboxes of which nothing was noted for a day.
-- Returns 1.
local outboxes = KEYS[1]
local outbox, former, note = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A table that was emptied has another id: \`former\` is the one before, mostly the same.
--
-- Atomic because an outbox must not go that another relay notes meanwhile.

local LASTS_S = 86400
local now = now_ms()
if former ~= outbox then
  redis.call('HDEL', outboxes, former)
end
redis.call('HSET', outboxes, outbox, text(now) .. ' ' .. note)
local notes = redis.call('HGETALL', outboxes)
for i = 1, #notes, 2 do
  local noted_at = noted(string.match(notes[i + 1], '^%d+'))
  if not noted_at or now - noted_at > LASTS_S * 1000 then
    redis.call('HDEL', outboxes, notes[i])
  end
end
redis.call('EXPIRE', outboxes, LASTS_S)
return 1`,
  'relay': `#!lua
local limit_parts
local settling_parts
${LIB.part}
${LIB.now_ms}
${LIB.by_name}
${LIB.wrong_type}
${LIB.wrong_targets}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.split}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.text}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.base36}
${LIB.at_time}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.LISTED}
${LIB.BEHIND}
${LIB.ring}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.schedule}
${LIB.not_ahead_2}
${LIB.remove_deep}
${LIB.remove_listed}
${LIB.may_be_listed_2}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.remove_2}
${LIB.is_quarantined}
${LIB.place_of}
${LIB.result_tag}
${LIB.remember_ids}
${LIB.remember_removed}
${LIB.take_key}
${LIB.note_labels_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.unlist_2}
${LIB.limits_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.forget_labels}
${LIB.note_all_labels}
${LIB.DECLARED}
${LIB.note_labels_of}
limit_parts_made = { wrong_lines = wrong_lines, line_of = line_of, use_limits = use_limits, turn_of = turn_of, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, WAITED = WAITED, limit_at = limit_at, may_list = may_list, FIRST = FIRST, QUEUES_MET = QUEUES_MET, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, change_at_once = change_at_once, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, unlist = unlist, limits_of = limits_of, free_slots = free_slots, forget_labels = forget_labels, note_all_labels = note_all_labels, note_labels_of = note_labels_of }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
${LIB.place_in_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.go_on_2}
settling_parts_made = { entry_in_line = entry_in_line, first_in_line = first_in_line, keeps_slot = keeps_slot, add_within = add_within, place_in_line = place_in_line, refresh_line = refresh_line, nudge_within = nudge_within, go_on = go_on }
end
return settling_parts_made
end
-- adds the tasks of rows of an outbox, all of one queue, each row once.
-- Returns how many of the rows, from the first on, are done with (-1 if the command came too late), and how many tasks
-- were new.
local keys = {
  relayed = KEYS[1],
  removed = KEYS[2],
  broadcasts = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local started_ms, seconds, kept, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local sequences = {}
for i = 1, ARGV[5] do
  sequences[i] = { name = ARGV[i + 7], seen = KEYS[i + 12] }
end
local queues = {}
for i = 1, ARGV[6] do
  queues[i] = {
    name = ARGV[#sequences + i + 7],
    pending = KEYS[#sequences + 6 * i + 7],
    quarantined = KEYS[#sequences + 6 * i + 8],
    bell = KEYS[#sequences + 6 * i + 9],
    scheduled = KEYS[#sequences + 6 * i + 10],
    held = KEYS[#sequences + 6 * i + 11],
    ready = KEYS[#sequences + 6 * i + 12],
  }
end
local labels = part(ARGV, #sequences + #queues + 8, #sequences + #queues + 7 + ARGV[7])
local rows = part(ARGV, #sequences + #queues + #labels + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A row is three values: when the task is due in ms, 0 for now; \`keep\` or \`replace\` for one with a unique key, otherwise nothing; the message.
--
-- Atomic because the mark of a row and its task must appear together. The relay deletes the rows in its database later, and may die before
-- that: the next one reads them again, and finds the marks. A mark goes once its row is known to be gone. From then on a copy of this
-- command that comes late is recognised by the bit of the id, which lasts for ten minutes, and one that comes later still by the time at
-- which the relay began.

local MOST_LATE = 300000
local now = now_ms()
if now - tonumber(started_ms) > MOST_LATE then
  return { -1, 0 }
end

local known_queues, sequence_of = by_name(queues), by_name(sequences)
local target = known_queues[queue]
local dues, conflicts, messages, ids, has_keys = {}, {}, {}, {}, false
for i = 1, #rows, 3 do
  local at = #messages + 1
  dues[at], conflicts[at], messages[at] = tonumber(rows[i]), rows[i + 1], rows[i + 2]
  ids[at] = string.sub(messages[at], 1, 20)
  has_keys = has_keys or conflicts[at] ~= ''
end

-- a foreign key of another kind is found before anything is written, or its error takes the mark back
local wrong = has_keys and wrong_type('zset', keys.removed) or wrong_targets(queues)
if wrong then
  return wrong
end
local involved = part(messages, 1, #messages)
for i, message in ipairs(messages) do
  local held = conflicts[i] == 'replace' and redis.call('HGET', keys.unique, (unique_digest(message)))
  if held then
    involved[#involved + 1] = select(2, split(held))
  end
end
wrong = wrong_lines_of(keys, queues, involved)
if wrong then
  return wrong
end

-- of each row the bitmap with the bit of its id, and the place there
local bitmaps, bits = {}, {}
for i, id in ipairs(ids) do
  local sequence = tonumber(string.sub(id, 13, 20), 36)
  bitmaps[i] = sequence_of[string.sub(id, 1, 12) .. ':' .. text(math.floor(sequence / 4096))].seen
  bits[i] = sequence % 4096
end

-- Redis does not roll back: a mark without its task would lose that, so marks that nothing follows are taken back.
local function with_marks(numbers, add)
  local marks, its_ids = {}, {}
  for at, i in ipairs(numbers) do
    marks[2 * at - 1], marks[2 * at], its_ids[at] = text(now), ids[i], ids[i]
  end
  -- without the right to take them back nothing may be marked
  redis.call('ZREM', keys.relayed, unpack(its_ids))
  redis.call('ZADD', keys.relayed, unpack(marks))
  local added, refusal = pcall(function()
    local last
    for _, i in ipairs(numbers) do
      redis.call('SETBIT', bitmaps[i], bits[i], 1)
      if bitmaps[i] ~= last then
        last = bitmaps[i]
        redis.call('EXPIRE', last, seconds)
      end
    end
    add()
  end)
  if not added then
    redis.call('ZREM', keys.relayed, unpack(its_ids))
    for _, i in ipairs(numbers) do
      redis.call('SETBIT', bitmaps[i], bits[i], 0)
    end
    error(refusal, 0)
  end
end

local handled, news = 0, {}
-- numbers of rows whose tasks come to their queue together
local waiting = {}

local function add_waiting(upto)
  if #waiting > 0 then
    local its_messages = {}
    for at, i in ipairs(waiting) do
      its_messages[at] = messages[i]
    end
    with_marks(waiting, function()
      enlist_new(keys, known_queues, target, its_messages, true)
    end)
    for _, message in ipairs(its_messages) do
      news[#news + 1] = message
    end
    waiting = {}
  end
  handled = upto
end

local function add_alone(i)
  local message, due = messages[i], dues[i]
  if not target then
    redis.call('XADD', keys.broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'call', 'message', message)
  elseif conflicts[i] == '' then
    schedule(target.scheduled, keys.alarm, due, { message })
  else
    local held = redis.call('HGET', keys.unique, (unique_digest(message)))
    if held and conflicts[i] ~= 'replace' then
      return
    end
    take_key(keys, known_queues, target, message, due, now, held)
  end
  news[#news + 1] = message
end

local marks_of_ids = redis.call('ZMSCORE', keys.relayed, unpack(ids))
-- A write, so that a relay that waits for replicas waits for those marks, too.
for i, marked_at in ipairs(marks_of_ids) do
  if marked_at then
    redis.call('ZADD', keys.relayed, 'XX', text(now), ids[i])
  end
end
local done, refusal = pcall(function()
  local met = {}
  for i, message in ipairs(messages) do
    if marks_of_ids[i] or met[ids[i]] or redis.call('GETBIT', bitmaps[i], bits[i]) == 1 then
      -- an earlier relay, or an earlier row, has added it
    elseif target and conflicts[i] == '' and dues[i] <= now then
      waiting[#waiting + 1] = i
    else
      add_waiting(i - 1)
      with_marks({ i }, function()
        add_alone(i)
      end)
      handled = i
    end
    met[ids[i]] = true
  end
  add_waiting(#messages)
end)
if not done and handled == 0 then
  return redis.error_reply(type(refusal) == 'table' and refusal.err or refusal)
end
note_labels(keys, labels, news, #messages)
return { handled, #news }`,
  'take-relay': `#!lua flags=allow-oom
-- gives a relay its turn, unless another one has it.
-- Returns 1, or 0 while another relay has the turn.
local relaying = KEYS[1]
local relay, for_ms = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- 0 ms give the turn back. Nothing but load hangs on a turn: two relays at once find the rows that the other one has locked.
--
-- Atomic because two relays must not both find that nobody has it.

local current = redis.call('GET', relaying)
if current and current ~= relay then
  return 0
end
if tonumber(for_ms) > 0 then
  redis.call('SET', relaying, relay, 'PX', for_ms)
elseif current then
  redis.call('DEL', relaying)
end
return 1`,
  'enqueue-limited': `#!lua
local settling_parts
${LIB.part}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.line_of_2}
${LIB.STATES}
${LIB.mark_of}
${LIB.let_in}
${LIB.ring}
${LIB.may_have_limits_2}
${LIB.turn_of}
${LIB.FRESH}
${LIB.come_now_2}
${LIB.LINES}
${LIB.any_waiters}
${LIB.LISTED}
${LIB.may_list_2}
${LIB.push}
${LIB.note_marks}
${LIB.line_up_3}
${LIB.enlist_new}
${LIB.IS_WHOLE}
${LIB.note_all_labels}
${LIB.note_labels_3}
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.tasks_in}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.limit_at}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.USED}
${LIB.read_slots}
${LIB.used_of}
${LIB.ARRIVALS}
${LIB.CHANGED}
${LIB.arrival_of}
${LIB.room_of}
${LIB.text}
${LIB.schedule}
${LIB.is_foreign}
${LIB.base36}
${LIB.at_time}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.is_any_waited_for}
${LIB.FIRST}
${LIB.entry_in_line}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.keeps_slot}
${LIB.message_in_line}
${LIB.blocked_by}
${LIB.PACE}
${LIB.look_at}
${LIB.pace_limit}
${LIB.settle_line}
${LIB.add_within}
${LIB.add_to_lines}
${LIB.limits_of}
${LIB.DECLARED}
${LIB.note_labels_of}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.wrong_lines}
settling_parts_made = { line_of_tags = line_of_tags, tasks_in = tasks_in, state_of = state_of, limit_at = limit_at, room_of = room_of, schedule = schedule, is_foreign = is_foreign, at_time = at_time, update_key = update_key, is_any_waited_for = is_any_waited_for, entry_in_line = entry_in_line, use_lines = use_lines, put_marks = put_marks, add_to_lines = add_to_lines, note_labels_of = note_labels_of, wrong_queues = wrong_queues, wrong_lines = wrong_lines }
end
return settling_parts_made
end
-- adds messages with limits, tenants or priorities to their lines, or to the schedule, each id once.
-- Returns the number of new messages, and the limit for which the message was refused, or nothing.
local keys = {
  seen = KEYS[1],
  alarm = KEYS[2],
  limits = KEYS[3],
  slots = KEYS[4],
  rates = KEYS[5],
  paced = KEYS[6],
  waiters = KEYS[7],
  limit_labels = KEYS[8],
}
local seconds, due_from, due_ms, refuses = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queue = {
  name = ARGV[5],
  pending = KEYS[9],
  bell = KEYS[10],
  scheduled = KEYS[11],
  held = KEYS[12],
  ready = KEYS[13],
}
local labels = part(ARGV, 7, 6 + ARGV[6])
local messages = part(ARGV, #labels + 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms. \`labels\` are limits, each followed by its key in clear. With \`refuses\`, \`1\`, the
-- one message is refused when it could not start at once: those that wait in its line count as if they had started.
--
-- A foreign key is found by the first read or write of it, and then the bits are taken back, see \`let_in\`.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua, and two senders must not both find the last slot.

use_limits(keys)
local due = tonumber(due_ms) + (due_from == 'in' and LIMITS.now or 0)

if refuses == '1' and redis.call('GETBIT', keys.seen, tonumber(string.sub(messages[1], 13, 20), 36) % 4096) == 0 then
  local line = line_of(messages[1])
  local waiting = line and settling_parts().tasks_in(queue, line) + (settling_parts().state_of(queue, mark_of(line)) and 1 or 0)
  for index = 0, #(line or '') / 27 - 1 do
    local limit = settling_parts().limit_at(line, index)
    if settling_parts().room_of(limit) <= waiting then
      return { 0, limit }
    end
  end
end

local added = let_in(keys.seen, seconds, messages, function(fresh)
  if due > LIMITS.now then
    settling_parts().schedule(queue.scheduled, keys.alarm, due, fresh)
  else
    enlist_new(keys, { [queue.name] = queue }, queue, fresh, true)
  end
  note_labels(keys, labels, fresh, #messages)
end)
if type(added) ~= 'number' then
  return settling_parts().wrong_queues({ queue }) or settling_parts().wrong_lines(keys, { queue }) or added
end
return { added, '' }`,
  'enqueue-unique': `#!lua
local limit_parts
local settling_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_targets}
${LIB.by_name}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.split}
${LIB.IS_WHOLE}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.now_ms}
${LIB.base36}
${LIB.at_time}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.not_ahead_2}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.LIMITS}
${LIB.FRESH}
${LIB.LISTED}
${LIB.BEHIND}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.remove_deep}
${LIB.remove_listed}
${LIB.may_be_listed_2}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.remove_2}
${LIB.is_quarantined}
${LIB.place_of}
${LIB.result_tag}
${LIB.remember_ids}
${LIB.remember_removed}
${LIB.take_key}
${LIB.note_labels_2}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.turn_of}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.unlist_2}
${LIB.limits_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.forget_labels}
${LIB.note_all_labels}
${LIB.DECLARED}
${LIB.note_labels_of}
limit_parts_made = { wrong_lines = wrong_lines, turn_of = turn_of, line_of = line_of, use_limits = use_limits, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, WAITED = WAITED, limit_at = limit_at, may_list = may_list, FIRST = FIRST, QUEUES_MET = QUEUES_MET, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, change_at_once = change_at_once, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, unlist = unlist, limits_of = limits_of, free_slots = free_slots, forget_labels = forget_labels, note_all_labels = note_all_labels, note_labels_of = note_labels_of }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.settle_line_2}
${LIB.add_within_2}
${LIB.place_in_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.go_on_2}
settling_parts_made = { entry_in_line = entry_in_line, first_in_line = first_in_line, keeps_slot = keeps_slot, add_within = add_within, place_in_line = place_in_line, refresh_line = refresh_line, nudge_within = nudge_within, go_on = go_on }
end
return settling_parts_made
end
-- adds a message unless another task has its key; with \`replace\`, removes that task if it waits.
-- Returns id and queue of the task that now has the key.
local keys = {
  seen = KEYS[1],
  removed = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  limits = KEYS[6],
  slots = KEYS[7],
  rates = KEYS[8],
  paced = KEYS[9],
  waiters = KEYS[10],
  limit_labels = KEYS[11],
}
local seconds, due_from, due_ms, on_conflict, message, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, ARGV[7] do
  queues[i] = {
    name = ARGV[i + 7],
    pending = KEYS[6 * i + 6],
    quarantined = KEYS[6 * i + 7],
    bell = KEYS[6 * i + 8],
    scheduled = KEYS[6 * i + 9],
    held = KEYS[6 * i + 10],
    ready = KEYS[6 * i + 11],
  }
end
local labels = part(ARGV, #queues + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms; \`replace\` lets a running task go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('string', keys.seen)
  or wrong_type('zset', keys.removed)
  or wrong_targets(queues)
if wrong then
  return wrong
end
local known_queues = by_name(queues)
local id, target = string.sub(message, 1, 20), known_queues[queue]
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', keys.seen, sequence % 4096) == 1 then
  return { id, queue }
end

local digest = unique_digest(message)
local held = redis.call('HGET', keys.unique, digest)
if held and on_conflict ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end
wrong = wrong_lines_of(keys, queues, { message, held and select(2, split(held)) or nil })
if wrong then
  return wrong
end

local now = now_ms()
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
take_key(keys, known_queues, target, message, due, now, held)
redis.call('SETBIT', keys.seen, sequence % 4096, 1)
redis.call('EXPIRE', keys.seen, seconds)
note_labels(keys, labels, { message }, 1)
return { id, queue }`,
  'enqueue': `#!lua
${LIB.part}
${LIB.let_in}
${LIB.ring}
${LIB.append}
-- adds messages to the tail of a queue, each id once.
-- Returns the number of new messages; a repeated command finds fewer.
local seen = KEYS[1]
local seconds = ARGV[1]
local queue = { pending = KEYS[2], bell = KEYS[3] }
local messages = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

return let_in(seen, seconds, messages, function(fresh)
  append(queue, fresh)
end)`,
  'promote': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local due_parts
${LIB.now_ms}
${LIB.by_name}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.text}
${LIB.noted}
${LIB.ring}
${LIB.fields_of}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.IS_WHOLE}
${LIB.whole_needed}
${LIB.member_of}
${LIB.wrong_lines_of_2}
${LIB.ENDED_KEPT}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.turn_of}
${LIB.FRESH}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.is_any_waited_for}
${LIB.LISTED}
${LIB.may_list}
${LIB.FIRST}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.put_marks}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.PACE}
${LIB.look_at}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.wrong_lines}
${LIB.forget_rules}
${LIB.keeps_head_2}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.nudge_2}
${LIB.apply_rule_2}
${LIB.end_entry}
${LIB.keep_pace_2}
${LIB.unreached_queues}
${LIB.MOST_FORGOTTEN}
${LIB.forget_rates}
limit_parts_made = { line_of = line_of, LIMITS = LIMITS, use_limits = use_limits, turn_of = turn_of, FRESH = FRESH, mark_of = mark_of, STATES = STATES, read_lines = read_lines, state_of = state_of, LINES = LINES, WAITED = WAITED, limit_at = limit_at, may_list = may_list, FIRST = FIRST, QUEUES_MET = QUEUES_MET, use_lines = use_lines, put_state = put_state, put_marks = put_marks, REMOVED = REMOVED, flush_lines = flush_lines, rule_of = rule_of, read_limits = read_limits, tenant_of = tenant_of, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, entries_of = entries_of, is_behind_listed = is_behind_listed, waiter_of = waiter_of, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, room_of = room_of, blocked_by = blocked_by, PACE = PACE, look_at = look_at, add_to_lines = add_to_lines, note_marks = note_marks, wrong_lines = wrong_lines, keeps_head = keeps_head, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, nudge = nudge, keep_pace = keep_pace, unreached_queues = unreached_queues, forget_rates = forget_rates }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.entry_in_line_2}
${LIB.first_in_line_2}
${LIB.note_given_2}
${LIB.keeps_slot}
${LIB.pace_limit_3}
${LIB.settle_line_3}
${LIB.add_within_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_3}
${LIB.nudge_all_2}
settling_parts_made = { entry_in_line = entry_in_line, first_in_line = first_in_line, keeps_slot = keeps_slot, add_within = add_within, nudge_within = nudge_within, nudge_all = nudge_all }
end
return settling_parts_made
end
local due_parts_made
due_parts = function()
if not due_parts_made then
${LIB.is_quarantined}
${LIB.part}
${LIB.base36}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_4}
${LIB.enlist}
${LIB.end_of}
${LIB.reopen}
due_parts_made = { enlist = enlist, end_of = end_of, reopen = reopen }
end
return due_parts_made
end
-- moves due tasks from the schedules to the tails of their queues, and ends pauses that are over.
-- Returns the number moved, ms until the next is due or the next pause is over or -1, 1 if groups have something to do,
-- queue and value of each pause that is none (of a foreign key: nothing and its type), other queues in which tasks wait
-- for a limit that is free, an error for each queue with a foreign key.
local keys = {
  unique = KEYS[1],
  pauses = KEYS[2],
  released = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  limits = KEYS[6],
  slots = KEYS[7],
  rates = KEYS[8],
  paced = KEYS[9],
  waiters = KEYS[10],
  limit_labels = KEYS[11],
}
local limit = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[6 * i + 6],
    quarantined = KEYS[6 * i + 7],
    bell = KEYS[6 * i + 8],
    scheduled = KEYS[6 * i + 9],
    held = KEYS[6 * i + 10],
    ready = KEYS[6 * i + 11],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.
-- The end of a pause needs the same clock: claims heed it by themselves, and their children wait for a ring.

local now, left, next, known_queues = now_ms(), tonumber(limit), -1, by_name(queues)
local function look_again(at)
  local in_ms = math.max(at - now, 0)
  next = next < 0 and in_ms or math.min(next, in_ms)
end

local function promote(queue, due)
  if #due > 0 then
    due_parts().enlist(keys, known_queues, queue, due, false, true)
    redis.call('ZREMRANGEBYRANK', queue.scheduled, 0, #due - 1)
  end
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  if first[2] then
    look_again(tonumber(first[2]))
  end
end

local foreign, refused = {}, {}
local function end_pause(queue, pause)
  local ends = due_parts().end_of(pause)
  if not ends then
    foreign[#foreign + 1] = queue.name
    foreign[#foreign + 1] = pause
  elseif ends > now then
    look_again(ends)
  elseif ends > 0 then
    due_parts().reopen(keys.pauses, queue)
  end
end

local found = fields_of(keys.pauses, queues)
if found.err then
  foreign = { '', redis.call('TYPE', keys.pauses).ok }
end
-- mostly there are no limits
local wrong_of, due_of, any_limits = {}, {}, redis.call('EXISTS', keys.paced, keys.rates) > 0
for i, queue in ipairs(queues) do
  local wrong = wrong_queues({ queue })
  local due = not wrong and left > 0
    and redis.call('ZRANGEBYSCORE', queue.scheduled, '-inf', text(now), 'LIMIT', 0, left) or {}
  for _, message in ipairs(due) do
    any_limits = any_limits or may_have_limits(message)
  end
  if any_limits and not IS_WHOLE then
    return whole_needed()
  end
  wrong = wrong or any_limits and wrong_lines_of(keys, { queue }, due)
  wrong_of[i], due_of[i] = wrong, due
  -- tasks that stay on the schedule take the place of no others
  left = wrong and left or left - #due
end
for i, queue in ipairs(queues) do
  if wrong_of[i] then
    refused[#refused + 1] = wrong_of[i].err
  else
    promote(queue, due_of[i])
    if found[i] then
      end_pause(queue, found[i])
    end
  end
end

local unreached = {}
if any_limits and redis.call('EXISTS', keys.paced, keys.rates) > 0 then
  local wrong = limit_parts().wrong_lines(keys, {})
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    -- one with a foreign key is left as it is
    local whole = {}
    for _, queue in ipairs(queues) do
      local foreign_lines = wrong_type('zset', queue.held, queue.ready)
      refused[#refused + 1] = foreign_lines and foreign_lines.err
      whole[#whole + 1] = not foreign_lines and not wrong_queues({ queue }) and queue or nil
    end
    -- lines that wait there would be looked at again at once
    local soonest = #whole == #queues and now or now + 1000
    limit_parts().use_lines(keys, by_name(whole))
    local at = limit_parts().keep_pace()
    for _, name in ipairs(limit_parts().unreached_queues()) do
      unreached[#unreached + 1] = not known_queues[name] and name or nil
    end
    if at then
      look_again(math.max(at, soonest))
    end
    if limit_parts().forget_rates() then
      look_again(now + 10)
    end
  end
end

-- Groups are for another script, which has the keys that it needs: mostly there is nothing to do for them.
local groups = redis.call('EXISTS', keys.released)
if redis.call('EXISTS', keys.group_times, keys.groups_ended) > 0 then
  local time = redis.pcall('ZRANGE', keys.group_times, 0, 0, 'WITHSCORES')
  local ended = redis.pcall('ZRANGE', keys.groups_ended, 0, 0, 'WITHSCORES')
  if time[2] and tonumber(time[2]) <= now or ended[2] and tonumber(ended[2]) <= now - ENDED_KEPT then
    groups = 1
  elseif time[2] then
    look_again(tonumber(time[2]))
  end
end
return { tonumber(limit) - left, next, groups, foreign, unreached, unpack(refused) }`,
  'schedule': `#!lua
${LIB.part}
${LIB.let_in}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.now_ms}
-- adds messages to the schedule of a queue, each id once.
-- Returns the number of new messages.
local seen, alarm = KEYS[1], KEYS[2]
local seconds, due_from, due_ms = ARGV[1], ARGV[2], ARGV[3]
local queue = { scheduled = KEYS[3] }
local messages = part(ARGV, 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua.

return let_in(seen, seconds, messages, function(fresh)
  schedule(queue.scheduled, alarm, tonumber(due_ms) + (due_from == 'in' and now_ms() or 0), fresh)
end)`,
  'broadcast': `#!lua
${LIB.part}
${LIB.let_in}
-- adds calls to the stream, each id once, and trims it.
-- Returns the number of new messages.
local broadcasts, seen = KEYS[1], KEYS[2]
local seconds, kept = ARGV[1], ARGV[2]
local messages = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the bit and the entry must appear together, as in enqueue.lua.

return let_in(seen, seconds, messages, function(fresh)
  for _, message in ipairs(fresh) do
    redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'call', 'message', message)
  end
end)`,
  'read-stream': `#!lua flags=no-writes
${LIB.stream_info}
-- reads the next entries, with counts that show a gap.
-- Returns id of the last entry ever, entries ever added, entries left, the entries.
local broadcasts = KEYS[1]
local after, most = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the counts are compared with the entries: one that is trimmed in between would not be missed.

local info = stream_info(broadcasts)
local entries = redis.call('XRANGE', broadcasts, '(' .. after, '+', 'COUNT', most)
return { info['last-generated-id'], info['entries-added'], info.length, entries }`,
  'record-broadcasts': `#!lua flags=allow-oom
${LIB.part}
${LIB.wrong_type}
-- records how broadcasts ended in processes, and which machine is done.
-- Returns the number of records.
local seconds = ARGV[1]
local broadcasts = {}
for i = 1, ARGV[2] do
  broadcasts[i] = { name = ARGV[i + 2], broadcast = KEYS[i] }
end
local outcomes = part(ARGV, #broadcasts + 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An outcome is a process, JSON, and the machine that is done or ''.
--
-- Atomic because a machine that is done without its outcome, or the other way round, would run it again or hide it.

for _, its in ipairs(broadcasts) do
  local wrong = wrong_type('hash', its.broadcast)
  if wrong then
    return wrong
  end
end
for i, its in ipairs(broadcasts) do
  local process, outcome, machine = unpack(outcomes, 3 * i - 2, 3 * i)
  redis.call('HSET', its.broadcast, process, outcome)
  if machine ~= '' then
    redis.call('HSET', its.broadcast, '@' .. machine, 'done')
  end
  redis.call('EXPIRE', its.broadcast, seconds)
end
return #broadcasts`,
  'record-gap': `#!lua flags=allow-oom
-- records that a worker missed entries of the stream.
-- Returns 1.
local broadcast_gaps = KEYS[1]
local at, gap, kept, seconds = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The gap is JSON with its time and worker, so that a repetition adds nothing.
--
-- Atomic so that the set never lives on without an end.

redis.call('ZADD', broadcast_gaps, at, gap)
redis.call('ZREMRANGEBYRANK', broadcast_gaps, 0, -1 - kept)
redis.call('EXPIRE', broadcast_gaps, seconds)
return 1`,
  'stream-position': `#!lua flags=no-writes
${LIB.stream_info}
${LIB.now_ms}
${LIB.text}
-- finds the place in the stream behind which a reader gets all entries since a time.
-- Returns the id of the place, the ordinal of the last entry up to it.
local broadcasts = KEYS[1]
local since_ms = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the ordinal belongs to the id: an entry added in between would look like one that was lost.

local info, now = stream_info(broadcasts), now_ms()
local last, added = info['last-generated-id'], info['entries-added']
-- a clock that was set back: ids do not give the time of their entries, and old ones must not run again
if tonumber(string.match(last, '^%d+')) > now then
  return { last, added }
end
local later = redis.call('XRANGE', broadcasts, since_ms, '+')
if #later == 0 then
  return { last, added }
end
return { text(since_ms - 1) .. '-18446744073709551615', added - #later }`,
  'take-turn': `#!lua flags=allow-oom
-- gives a broadcast for one child of each machine to the first session there that asks.
-- Returns \`mine\`, \`taken\` while another session has it, or \`done\`.
local broadcast, sessions = KEYS[1], KEYS[2]
local machine, session_id, seconds = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- To ask again gives the same answer.
--
-- Atomic because two sessions of one machine ask at the same time. What a session had that is gone, unfinished, goes to
-- the next that asks.

local owner = redis.call('HGET', broadcast, '@' .. machine)
if owner == 'done' then
  return 'done'
end
if owner and owner ~= session_id and redis.call('ZSCORE', sessions, owner) then
  return 'taken'
end
redis.call('HSET', broadcast, '@' .. machine, session_id)
redis.call('EXPIRE', broadcast, seconds)
return 'mine'`,
  'ack': `#!lua flags=allow-oom
${LIB.part}
${LIB.registration}
${LIB.count_stale}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.split}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.finish}
-- ends finished tasks of a child and frees their unique keys.
-- Returns the number that the child still held.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  stats = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
}
local child = ARGV[1]
local ids = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #ids)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
return finish(keys, ids)`,
  'bury': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
local rare_parts
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_queues}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.by_name}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.wrong_groups}
${LIB.IS_WHOLE}
${LIB.may_have_limits}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.body_start}
${LIB.LIMITS}
${LIB.text}
${LIB.ring}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.now_ms}
${LIB.base36}
${LIB.FRESH}
${LIB.leave_group_2}
${LIB.end_cancelled_2}
${LIB.remembered}
${LIB.counted}
${LIB.result_tag}
${LIB.keep_result}
${LIB.keep_failure}
${LIB.keep_notes}
${LIB.RENEWED}
${LIB.announce}
${LIB.bury}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.is_letter}
${LIB.limits_of}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.used_of}
${LIB.give_up_slot}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.keeps_head_2}
${LIB.PACE}
${LIB.look_at}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by_2}
${LIB.nudge_2}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.turn_of}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
limit_parts_made = { wrong_lines = wrong_lines, limits_of = limits_of, line_of = line_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, WAITED = WAITED, rule_of = rule_of, FIRST = FIRST, room_of = room_of, entries_of = entries_of, keeps_head = keeps_head, PACE = PACE, look_at = look_at, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, free_slots = free_slots, forget_labels = forget_labels, turn_of = turn_of, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.first_in_line_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.note_given_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { first_in_line = first_in_line, keeps_slot = keeps_slot, nudge_within = nudge_within, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.part}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.note_endings}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_as_cancelled}
rare_parts_made = { end_as_cancelled = end_as_cancelled }
end
return rare_parts_made
end
-- moves a task to the dead, with the report of its error.
-- Returns 1, or 0 if the child no longer held it.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  notes = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  endings = KEYS[7],
  catalog = KEYS[8],
  groups = KEYS[9],
  group_times = KEYS[10],
  groups_ended = KEYS[11],
  released = KEYS[12],
  limits = KEYS[13],
  slots = KEYS[14],
  rates = KEYS[15],
  paced = KEYS[16],
  waiters = KEYS[17],
  limit_labels = KEYS[18],
}
local child, id, report, line, header = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[19],
  quarantined = KEYS[20],
  bell = KEYS[21],
  scheduled = KEYS[22],
  dead = KEYS[23],
  records = KEYS[24],
  dead_notes = KEYS[25],
  held = KEYS[26],
  ready = KEYS[27],
}
local kept = {}
for i = 1, ARGV[7] do
  kept[i] = { name = ARGV[i + 7], result = KEYS[i + 27] }
end
local answering = {}
for i = 1, #ARGV - (#kept + 7) do
  answering[i] = { name = ARGV[#kept + i + 7], answers = KEYS[#kept + i + 27] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`report\` is one line of JSON; \`line\` goes to the history, '' for none, and then nothing is counted either; \`header\` has
-- the counters and the time of the message that was claimed (its characters 22 to 34), or ''.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The header guards a copy of this
-- command that arrives late: the task may have been sent again, and the same child may hold it.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or header ~= '' and string.sub(task.message, 22, 34) ~= header then
  return 0
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if not end_cancelled(keys, task) then
  if line ~= '' then
    task.message = remembered(counted(task.message, 22, 23), line)
  end
  task.notes = keys.notes
  task.result = kept[1] and kept[1].result
  bury(keys, task, report, by_name(answering))
end
return 1`,
  'claim-limited': `#!lua flags=allow-oom
local settling_parts
local rare_parts
${LIB.registration}
${LIB.count_stale}
${LIB.ids_in}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.wrong_lines}
${LIB.has_more_tags}
${LIB.fields_of}
${LIB.noted}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.by_name}
${LIB.is_foreign}
${LIB.claimed_as}
${LIB.limit_at}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.rule_of}
${LIB.USED}
${LIB.read_slots}
${LIB.used_of}
${LIB.ARRIVALS}
${LIB.CHANGED}
${LIB.arrival_of}
${LIB.take_slot}
${LIB.with_letter}
${LIB.room_of}
${LIB.STATES}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.text}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.ready_lines}
${LIB.read_limits}
${LIB.WAITS}
${LIB.LINES}
${LIB.FIRST}
${LIB.ring}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.message_in_line}
${LIB.blocked_by_2}
${LIB.flush_limits}
${LIB.change_at_once}
${LIB.BEHIND}
${LIB.put_state}
${LIB.add_to_lines_2}
${LIB.is_quarantined}
${LIB.take_out}
${LIB.may_have_limits}
${LIB.unlist_2}
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.keeps_slot}
${LIB.waiting_queue}
${LIB.PACE}
${LIB.look_at}
${LIB.pace_limit}
${LIB.wait_as_queue}
${LIB.turn_of}
${LIB.entry_in_line}
${LIB.place_in_line}
${LIB.tenant_of}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.settle_line}
${LIB.add_within}
${LIB.vanish_line}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.keeps_head}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.refresh_line}
${LIB.nudge_within}
${LIB.nudge}
${LIB.go_on}
${LIB.forget_tags}
settling_parts_made = { keeps_slot = keeps_slot, wait_as_queue = wait_as_queue, place_in_line = place_in_line, first_in_line = first_in_line, add_within = add_within, refresh_line = refresh_line, go_on = go_on, forget_tags = forget_tags }
end
return settling_parts_made
end
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.split}
${LIB.tag}
${LIB.member_of}
${LIB.is_over}
${LIB.is_stopped}
${LIB.is_of_stopped}
${LIB.all_held}
${LIB.now_ms}
${LIB.end_of}
${LIB.is_paused}
${LIB.without_paused}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.heed_tags}
${LIB.is_drainer}
rare_parts_made = { all_held = all_held, without_paused = without_paused, heed_tags = heed_tags, is_drainer = is_drainer }
end
return rare_parts_made
end
-- claims as \`claim\` does, where queues have limits or lines.
-- Returns as that of \`claim\`, and 1 while there are limits or lines.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  drain = KEYS[3],
  unique = KEYS[4],
  stats = KEYS[5],
  pauses = KEYS[6],
  groups = KEYS[7],
  gates = KEYS[8],
  alarm = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local child, number, limit, limited, acks = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, #ARGV - 5 do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[5 * i + 11],
    quarantined = KEYS[5 * i + 12],
    bell = KEYS[5 * i + 13],
    held = KEYS[5 * i + 14],
    ready = KEYS[5 * i + 15],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`limit\` is how many tasks it may get, \`limited\` how many of them may have limits: those are not claimed ahead, because what a child
-- has claimed and not started holds its slots. All else is as in \`claim\`.
--
-- Of a queue, the oldest start first, be they in its list or in lines; every second turn is one of the tenants, each of which has one
-- turn after the other. The limit of a queue counts all of them.
--
-- Atomic because a task must be in the queue or in the claims, and a slot must be held by exactly the tasks that have it.

local last, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #acks / 20)
  return lost
end
local claim_number, ids = tonumber(number), ids_in(acks)
if claim_number < tonumber(last) then
  return redis.error_reply('STALE_CLAIM a later claim of this child was answered')
end
-- what has left a list when a foreign key is met would be nowhere
local wrong = wrong_type('hash', keys.claims, keys.unique, keys.gates)
  or wrong_type('string', keys.drain)
  or wrong_queues(queues)
  or wrong_lines(keys, queues)
if wrong then
  return wrong
end
-- So many lines are looked at in one script.
local MOST_LOOKS = 40
-- So many tasks of lines are given at once: each takes Redis longer than one of a list.
local MOST_OF_LINES = 32
-- So many lines, or tasks of a line, are read at once.
local AT_ONCE = 9

local acked = 0
if #ids > 0 then
  acked = redis.call('HDEL', keys.claims, unpack(ids))
end
redis.call('HSET', keys.session, child, number)
if claim_number == tonumber(last) then
  local all, stopped = rare_parts().all_held(keys.claims, keys.groups)
  return { 1, acked, 0, all, 0, '', stopped, 1 }
end
count_stale(keys.stats, #ids - acked)

local open, paused = queues, nil
if redis.call('EXISTS', keys.pauses) == 1 then
  open, paused = rare_parts().without_paused(keys.pauses, queues)
end
local gate_of, has_gates = {}, false
use_lines(keys, by_name(queues))
local holds, to_drain, has_zero = redis.call('HLEN', keys.claims), 0, false
local left, left_limited = math.min(tonumber(limit), 1000), tonumber(limited)
local granted, fields, looks, of_lines = {}, {}, 0, 0
local stops, stopped = {}, {}

-- Gives a task to the child. \`line\` is that in which it waited, \`keeps\` whether it keeps a slot.
local function grant(queue, message, line, keeps)
  local id
  id, message = claimed_as(child, number, #granted, message)
  -- foreign bytes have no tags and no place for one, and end at once
  local is_ours = not is_foreign(message)
  local gate = is_ours and gate_of[queue.name]
  local is_limited = is_ours and line and #line > 26
  if has_more_tags(message) then
    rare_parts().heed_tags(keys.unique, keys.groups, stops, stopped, id, message)
  end
  for index = 0, is_limited and #line / 27 - 1 or -1 do
    local its = limit_at(line, index)
    take_slot(its, keeps and settling_parts().keeps_slot(message, its))
    message = keeps and with_letter(message, 'L', its, 'l') or message
  end
  if gate then
    take_slot(gate)
    message = string.sub(message, 1, 34) .. 'q' .. gate .. string.sub(message, 35)
  end
  local held = queue.name .. ' ' .. message
  has_zero = has_zero or string.find(held, '\\0', 1, true)
  granted[#granted + 1] = held
  fields[#fields + 1] = id
  fields[#fields + 1] = held
  left = left - 1
  if gate or is_limited then
    left_limited = left_limited - 1
  end
end

-- How many tasks of a queue may be given now.
local function most_of(queue)
  local gate = gate_of[queue.name]
  return gate and math.min(room_of(gate), left, left_limited) or left
end

-- Whether a line may give a task now: one with limits is not claimed ahead.
local function may_serve(line)
  return of_lines < MOST_OF_LINES and (left_limited > 0 or #line < 27)
end

-- The lines of a queue that may start, from one state to another, one after the other.
local function source(queue, from, till)
  local its, found, at, is_all = { bound = math.huge }, {}, 1, false
  function its.first()
    local line = found[at]
    if not line and not is_all or line and state_of(queue, line) > its.bound then
      found, at, its.bound = ready_lines(queue, from, till, AT_ONCE), 1, math.huge
      is_all = #found < AT_ONCE
      local named = {}
      for _, one in ipairs(found) do
        for index = 0, #one / 27 - 1 do
          named[#named + 1] = limit_at(one, index)
        end
      end
      read_lines(queue, found)
      read_limits(named)
      line = found[1]
    end
    return line and may_serve(line) and line
  end
  function its.pass()
    at = at + 1
  end
  -- A line has become ready, or has another state: those behind it are read anew.
  function its.meet(state)
    its.bound = math.min(its.bound, state)
    is_all = false
  end
  return its
end

-- The lines of tenants, and the others.
local function sources(queue)
  local tenants, aged = source(queue, '-inf', '(0'), source(queue, 0, '(' .. text(WAITS))
  function LINES.on_ready(other, state)
    if other == queue and state < 0 then
      tenants.meet(state)
    elseif other == queue then
      aged.meet(state)
    end
  end
  return tenants, aged
end

local function has_work(queue)
  return redis.call('EXISTS', queue.pending, queue.quarantined) > 0
    or queue.has_lines ~= false and #ready_lines(queue, '-inf', '(' .. text(WAITS), 1) > 0
end

-- A queue whose limit is full waits as a whole.
local function is_shut(queue)
  local gate = gate_of[queue.name]
  if not gate or room_of(gate) > 0 then
    return false
  end
  if has_work(queue) then
    settling_parts().wait_as_queue(queue, gate)
  end
  return true
end

-- The oldest quarantined task, for a child that holds nothing. One with a full limit waits in its line.
local function take_quarantined(queue)
  while looks < MOST_LOOKS do
    local message = redis.call('LINDEX', queue.quarantined, 0)
    if not message then
      return
    end
    looks = looks + 1
    local entry, line, keeps = settling_parts().place_in_line(message)
    local index = entry and blocked_by(line, entry)
    redis.call('LPOP', queue.quarantined)
    if not index then
      return grant(queue, message, line, keeps)
    end
    add_to_lines(queue, { entry }, { line }, { keeps })
  end
end

-- The first two tasks of a line. Of one that is served again and again, more are read at once.
local heads = {}
local function first_two(queue, line)
  local known = heads[line]
  if not known or known.queue ~= queue or not known[known.at + 1] and not known.is_all then
    local count = known and AT_ONCE or 2
    known = settling_parts().first_in_line(queue, line, count)
    if not known[2] then
      heads[line] = nil
      return known[1]
    end
    known.queue, known.at, known.is_all = queue, 1, #known < count
    heads[line] = known
  end
  known.at = known.at + 1
  return known[known.at - 1], known[known.at]
end

-- Gives the first task of a line, unless a limit of it is full by now.
local function serve(queue, line)
  looks = looks + 1
  local head, next = first_two(queue, line)
  if not head or blocked_by(line, head) then
    heads[line] = nil
    return settling_parts().go_on(queue, line, head, false)
  end
  local message = message_in_line(head)
  local is_alone = is_quarantined(message)
  take_out(queue, head)
  if is_alone and (holds > 0 or #granted > 0) then
    -- the next child that holds nothing takes it
    redis.call('LPUSH', queue.quarantined, message)
    return settling_parts().go_on(queue, line, next, false)
  end
  grant(queue, message, line, string.sub(head, #line + 2, #line + 14) == FIRST)
  of_lines = of_lines + 1
  left = is_alone and 0 or left
  settling_parts().go_on(queue, line, next, true)
end

-- So many tasks of a list are read at once.
local MOST_OF_LIST = 32

-- The lines of messages of a list, by their numbers. What is to be known of the first of them and their limits is read at once.
local function lines_in_list(queue, messages)
  local line_at, lines, named = {}, {}, {}
  for i, message in ipairs(messages) do
    local line = may_have_limits(message) and line_of(message)
    line_at[i] = line
    if line and #lines < left_limited then
      lines[#lines + 1] = line
      for index = 0, #line / 27 - 1 do
        named[#named + 1] = limit_at(line, index)
      end
    end
  end
  if #lines > 0 then
    read_lines(queue, lines)
    read_limits(named)
  end
  return line_at
end

-- Gives a task with a line that lies in the list. One that a limit keeps from its start, or others of its line, goes into its line. Returns
-- whether it did either: a child without a slot leaves it where it is.
local function give_listed(queue, message, line)
  if looks == MOST_LOOKS then
    return false
  elseif state_of(queue, line) or blocked_by(line) then
    local entry, _, keeps = settling_parts().place_in_line(message)
    put_state(queue, mark_of(line), false)
    queue.has_lines = true
    add_to_lines(queue, { entry }, { line }, { keeps })
  elseif left_limited > 0 then
    grant(queue, message, line)
    unlist(queue, line)
  else
    return false
  end
  looks = looks + 1
  return true
end

-- Takes the oldest tasks out of the list, at most so many, and none that came later than \`before\`. When one came whose sender has a clock
-- that is ahead, nobody knows: it comes first in half of the claims, or all behind it would wait for its time. Returns how many it took, and
-- whether the next came later.
local function take_from_list(queue, before, most)
  local messages = redis.call('LRANGE', queue.pending, 0, math.min(most, MOST_OF_LIST) - 1)
  local line_at, count, is_later = lines_in_list(queue, messages), 0, false
  local latest = claim_number % 4 > 1 and LIMITS.now or math.huge
  for i, message in ipairs(messages) do
    local came, line = before and (tonumber(string.sub(message, 26, 34), 36) or 0), line_at[i]
    is_later = came and came > before and came <= latest
    if is_later or line and not give_listed(queue, message, line) then
      break
    elseif not line then
      grant(queue, message)
    end
    count = i
  end
  if count > 0 then
    redis.call('LPOP', queue.pending, count)
  end
  return count, is_later
end

-- Marks of a list that is empty are of no task: others have taken it away, and its line would wait for ever.
local function drop_marks(queue)
  local marks = redis.call('EXISTS', queue.pending) == 0 and ready_lines(queue, text(LISTED), '+inf', AT_ONCE) or {}
  for _, mark in ipairs(marks) do
    unlist(queue, string.sub(mark, 2))
  end
  looks = looks + #marks
  return #marks > 0
end

-- Gives tasks of a queue: in turn one of the next tenant, and the oldest of the rest. Mostly all lie in the list, and no line is looked at.
local function take(queue)
  local turn, in_list, is_fair = claim_number, redis.call('EXISTS', queue.pending) == 1, false
  local tenants, aged
  queue.has_lines = redis.call('EXISTS', queue.held) == 1
  while looks < MOST_LOOKS do
    local most = most_of(queue)
    if most <= 0 then
      break
    end
    if queue.has_lines and not aged then
      tenants, aged = sources(queue)
    end
    local fair, oldest = aged and tenants.first(), aged and aged.first()
    local is_turn = fair and (turn % 2 == 0 or not oldest and not in_list)
    turn = turn + 1
    local count, is_later = 0, false
    if not is_turn and in_list then
      count, is_later = take_from_list(queue, oldest and state_of(queue, oldest), fair and 1 or most)
      in_list = count > 0 or is_later
    end
    if is_turn then
      is_fair = true
      tenants.pass()
      serve(queue, fair)
    elseif count == 0 and oldest then
      aged.pass()
      serve(queue, oldest)
    elseif count == 0 and not fair and not drop_marks(queue) then
      break
    end
  end
  LINES.on_ready = nil
  if is_fair then
    settling_parts().forget_tags(queue)
  end
end

local function read_gates()
  if redis.call('EXISTS', keys.gates) == 1 then
    for i, gate in ipairs(fields_of(keys.gates, queues)) do
      -- others may have written something else there
      if gate and #gate == 27 then
        gate_of[queues[i].name], has_gates = gate, true
      end
    end
  end
end

local function take_all()
  read_gates()
  for _, queue in ipairs(open) do
    if left <= 0 then
      break
    elseif not is_shut(queue) then
      local is_first = #granted == 0 and redis.call('EXISTS', queue.quarantined) == 1
      if is_first and holds == 0 and left_limited > 0 then
        take_quarantined(queue)
        left = #granted == 0 and left or 0
      elseif is_first and holds > 0 and rare_parts().is_drainer(keys.drain, child) then
        to_drain = 1
        break
      end
      take(queue)
    end
  end
  -- what they were taken out of is written behind this
  if #fields > 0 then
    redis.call('HSET', keys.claims, unpack(fields))
  end
end

change_at_once(take_all)

-- Whether the next task of a queue may be claimed ahead.
local function is_plain_next(queue)
  local next = redis.call('LINDEX', queue.pending, 0)
  if next then
    return not (may_have_limits(next) and line_of(next))
  end
  return redis.call('EXISTS', queue.quarantined) == 1
end

local more, needed = 0, has_gates and 1 or 0
for _, queue in ipairs(open) do
  if has_work(queue) and not is_shut(queue) then
    ring(queue.bell)
    more = not gate_of[queue.name] and is_plain_next(queue) and 1 or more
  end
end
for _, queue in ipairs(queues) do
  needed = needed == 1 and 1 or redis.call('EXISTS', queue.ready)
end
return {
  0,
  acked,
  to_drain,
  has_zero and granted or table.concat(granted, '\\0'),
  more,
  paused or '',
  table.concat(stopped),
  needed,
}`,
  'claim': `#!lua flags=allow-oom
local rare_parts
${LIB.registration}
${LIB.count_stale}
${LIB.ids_in}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.is_foreign}
${LIB.claimed_as}
${LIB.ring}
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.may_have_limits}
${LIB.has_tags}
${LIB.is_letter}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.is_limited_first}
${LIB.fields_of}
${LIB.have_limits}
${LIB.split}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.is_over}
${LIB.is_stopped}
${LIB.is_of_stopped}
${LIB.all_held}
${LIB.now_ms}
${LIB.noted}
${LIB.end_of}
${LIB.is_paused}
${LIB.without_paused}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.heed_tags}
${LIB.is_drainer}
rare_parts_made = { is_limited_first = is_limited_first, have_limits = have_limits, all_held = all_held, without_paused = without_paused, heed_tags = heed_tags, is_drainer = is_drainer }
end
return rare_parts_made
end
-- acks finished tasks of a child, then gives it tasks of its queues, by priority.
-- Returns 1 if repeated (-1 if limits or lines are to be heeded: nothing was done), the number acked, 1 if to drain,
-- \`<queue> <message>\` of each task, 1 if queues that are not paused hold more, the names of its paused queues, the ids
-- of tasks whose group was stopped, one behind the other.
local session, claims, drain, unique, stats, pauses, groups, gates = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local child, number, limit, acks = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queues = {}
for i = 1, #ARGV - 4 do
  queues[i] = {
    name = ARGV[i + 4],
    pending = KEYS[4 * i + 5],
    quarantined = KEYS[4 * i + 6],
    bell = KEYS[4 * i + 7],
    ready = KEYS[4 * i + 8],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`acks\` are ids one behind the other; a \`limit\` of -1 only lists what the child holds. The claimed tasks come as one text,
-- separated by zero bytes, which a client reads in a fraction of the time; as a list where that is not safe.
-- A quarantined task comes alone, and only to a child that holds nothing. To drain: such a task waits, come back empty-handed.
-- One child at a time gets this answer; the others pass the quarantined task over. A paused queue is passed over as if it
-- were empty: what resumes it rings its bell.
--
-- Atomic because a task must be in the queue or in the claims, never in neither. A claim number seen before means that
-- its reply was lost: the child gets all that it holds again, and no more. A child that gave up on a reply asks for the
-- same under a new number, so that tasks that it starts now do not count as those that it had claimed then.

local last, lost = registration(session, child)
if lost then
  count_stale(stats, #acks / 20)
  return lost
end
local claim_number, ids = tonumber(number), ids_in(acks)
-- unpack fails from about 8,000 values on, and by then the tasks have left their queue
local most = math.min(tonumber(limit), 1000)
if claim_number < tonumber(last) then
  return redis.error_reply('STALE_CLAIM a later claim of this child was answered')
end

-- sizes are needed anyway, and a foreign key has none: found before anything is written
local size, ours = {}, true
local function measured(length)
  ours = ours and type(length) == 'number'
  return length
end
local holds = measured(redis.pcall('HLEN', claims))
for i = 1, #queues do
  local queue = queues[i]
  size[queue.pending] = measured(redis.pcall('LLEN', queue.pending))
  size[queue.quarantined] = measured(redis.pcall('LLEN', queue.quarantined))
  measured(redis.pcall('LLEN', queue.bell))
end
local wrong = wrong_type('string', drain) or wrong_type('hash', unique)
if wrong or not ours then
  return wrong or wrong_type('hash', claims) or wrong_queues(queues)
end

-- mostly there is nothing of all this
local rare, any_quarantined = { pauses, gates }, false
for i = 1, #queues do
  rare[i + 2] = queues[i].ready
  any_quarantined = any_quarantined or size[queues[i].quarantined] > 0
end
local any_rare = redis.call('EXISTS', unpack(rare)) > 0
local is_new = most > 0 and claim_number > tonumber(last)
if is_new and (any_quarantined and rare_parts().is_limited_first(queues) or any_rare and rare_parts().have_limits(queues, gates)) then
  return { -1, 0, 0, '', 0, '', '' }
end

local acked = 0
if #ids > 0 then
  acked = redis.call('HDEL', claims, unpack(ids))
end
redis.call('HSET', session, child, number)

if most < 0 or claim_number == tonumber(last) then
  local all, stopped = rare_parts().all_held(claims, groups)
  return { 1, acked, 0, all, 0, '', stopped }
end
count_stale(stats, #ids - acked)

local paused
if any_rare and redis.call('EXISTS', pauses) == 1 then
  queues, paused = rare_parts().without_paused(pauses, queues)
end

holds = holds - acked
local granted, fields, to_drain, has_zero = {}, {}, 0, false
-- the ids of those that must not start, because somebody has stopped their group
local stopped, stops = {}, {}

local function grant(queue, message)
  local id
  id, message = claimed_as(child, number, #granted, message)
  -- \`[\`: no tag, as most have none; a call for each would be felt
  if string.byte(message, 35) ~= 91 then
    rare_parts().heed_tags(unique, groups, stops, stopped, id, message)
  end
  local held = queue.name .. ' ' .. message
  -- JSON has no zero byte, but foreign bytes may
  has_zero = has_zero or string.find(held, '\\0', 1, true)
  granted[#granted + 1] = held
  fields[#fields + 1] = id
  fields[#fields + 1] = held
end

-- Takes up to so many from a list of a queue, and remembers what is left.
local function take(list, queue, count)
  local messages = size[list] > 0 and redis.call('LPOP', list, count) or {}
  size[list] = size[list] - #messages
  for _, message in ipairs(messages) do
    grant(queue, message)
  end
end

for i = 1, #queues do
  local queue = queues[i]
  if most > 0 and #granted == 0 and size[queue.quarantined] > 0 then
    if holds == 0 then
      take(queue.quarantined, queue, 1)
      break
    elseif rare_parts().is_drainer(drain, child) then
      to_drain = 1
      break
    end
  end
  if #granted < most then
    take(queue.pending, queue, most - #granted)
  end
end

if #fields > 0 then
  redis.call('HSET', claims, unpack(fields))
end
local more = 0
for i = 1, #queues do
  local queue = queues[i]
  if size[queue.pending] + size[queue.quarantined] > 0 then
    more = 1
    ring(queue.bell)
  end
end
return { 0, acked, to_drain, has_zero and granted or table.concat(granted, '\\0'), more, paused or '', table.concat(stopped) }`,
  'finish': `#!lua flags=allow-oom
local settling_parts
local group_parts
${LIB.part}
${LIB.registration}
${LIB.count_stale}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.IS_WHOLE}
${LIB.whole_needed}
${LIB.is_letter}
${LIB.limits_of}
${LIB.CLAIMED}
${LIB.limits_among}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.wrong_lines}
${LIB.by_name}
${LIB.result_tag}
${LIB.text}
${LIB.keep_result}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.RENEWED}
${LIB.announce}
${LIB.ring}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.LIMITS}
${LIB.use_limits}
${LIB.turn_of}
${LIB.mark_of}
${LIB.STATES}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.LINES}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.is_waited_for}
${LIB.limit_at}
${LIB.LISTED}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.STATES_CHANGED}
${LIB.put_state}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.REMOVED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.used_of}
${LIB.leave_group_2}
${LIB.give_up_slot}
${LIB.nudge_2}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.forget_labels}
${LIB.end_limits_of}
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.FIRST}
${LIB.entry_in_line}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.read_limits}
${LIB.tenant_of}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.entries_of}
${LIB.first_in_line}
${LIB.BEHIND}
${LIB.is_behind_listed}
${LIB.waiter_of}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.note_given}
${LIB.TURN}
${LIB.next_tag}
${LIB.arrival_of}
${LIB.room_of}
${LIB.keeps_slot}
${LIB.message_in_line}
${LIB.blocked_by}
${LIB.PACE}
${LIB.look_at}
${LIB.pace_limit}
${LIB.settle_line}
${LIB.add_within}
${LIB.keeps_head}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.vanish_line}
${LIB.refresh_line}
${LIB.nudge_within}
settling_parts_made = { entry_in_line = entry_in_line, add_within = add_within, nudge_within = nudge_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.now_ms}
${LIB.GROUP}
${LIB.base36}
${LIB.FRESH}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.add_to_lines_2}
${LIB.push}
${LIB.note_marks}
${LIB.line_up_5}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.body_start}
${LIB.shortened}
${LIB.groups_of}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- ends finished tasks of a child that keep their results or are in a group.
-- Returns the number that the child still held.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  stats = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  groups = KEYS[7],
  group_times = KEYS[8],
  groups_ended = KEYS[9],
  released = KEYS[10],
  limits = KEYS[11],
  slots = KEYS[12],
  rates = KEYS[13],
  paced = KEYS[14],
  waiters = KEYS[15],
  limit_labels = KEYS[16],
}
local child = ARGV[1]
local kept = {}
for i = 1, ARGV[2] do
  kept[i] = { name = ARGV[i + 4], result = KEYS[i + 16] }
end
local answering = {}
for i = 1, ARGV[3] do
  answering[i] = { name = ARGV[#kept + i + 4], answers = KEYS[#kept + i + 16] }
end
local queues = {}
for i = 1, ARGV[4] do
  queues[i] = {
    name = ARGV[#kept + #answering + i + 4],
    pending = KEYS[#kept + #answering + 4 * i + 13],
    bell = KEYS[#kept + #answering + 4 * i + 14],
    held = KEYS[#kept + #answering + 4 * i + 15],
    ready = KEYS[#kept + #answering + 4 * i + 16],
  }
end
local results = part(ARGV, #kept + #answering + #queues + 5, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`kept\` and \`results\` stand side by side: the ids of the tasks, with the keys of their results, and what is kept of each, whose first
-- letter says how it ended, see task-result.ts. \`queues\` are those into which groups may send, and in which
-- tasks wait for limits; none where no task is in a group or has a limit.
--
-- Atomic because only a registered child that still holds a task may end it, and a task must not end without its result, nor without
-- its group.

local HOW = { d = 'done', u = 'done', n = 'done', x = 'dropped', c = 'cancelled' }
local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #kept)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
local ids = {}
for i, task in ipairs(kept) do
  ids[i] = task.name
end
local entries = #ids > 0 and redis.call('HMGET', keys.claims, unpack(ids)) or {}
local messages, its_queue, held, named = {}, {}, {}, {}
for i, entry in ipairs(entries) do
  its_queue[i], messages[i] = split(entry or '')
  -- one that is named twice ends once
  if messages[i] and not named[ids[i]] then
    named[ids[i]] = true
    held[#held + 1] = i
  end
end
-- groups and limits may concern every queue; without them none is given
local any_queues = #queues > 0
local may_limit, any_members = false, false
for _, i in ipairs(any_queues and held or {}) do
  may_limit = may_limit or may_have_limits(messages[i])
  any_members = any_members or member_of(messages[i])
end
if (may_limit or any_members) and not IS_WHOLE then
  return whole_needed()
end
local has_limits = may_limit and limits_among(held, messages)
wrong = any_members and (wrong_groups(keys) or wrong_queues(queues))
  or has_limits and wrong_lines(keys, queues)
if wrong then
  return wrong
end
if #held == 0 then
  return 0
end
local known_answering, known_queues = by_name(answering), by_name(queues)
local keyed = redis.call('EXISTS', keys.unique) == 1
local ended = {}
for place, i in ipairs(held) do
  keep_result(kept[i].result, messages[i], results[i])
  ended[place] = ids[i]
end
redis.call('HDEL', keys.claims, unpack(ended))

local function leave(i)
  local message = messages[i]
  if keyed then
    free_key(keys.unique, message)
  end
  announce(known_answering, message, results[i])
  if any_members then
    leave_group(keys, known_queues, message, HOW[string.sub(results[i], 1, 1)])
  end
end

local function leave_all()
  for _, i in ipairs(held) do
    leave(i)
  end
  if has_limits then
    end_limits_of(has_limits, held, messages, function(i) return known_queues[its_queue[i]] end)
  end
end

if has_limits then
  use_lines(keys, known_queues)
  change_at_once(leave_all)
else
  leave_all()
end
return #held`,
  'keep-done': `#!lua
${LIB.part}
${LIB.wrong_type}
-- keeps done tasks of one name, the last ones of all.
-- Returns the number that is kept.
local keys = { done = KEYS[1] }
local most, seconds = ARGV[1], ARGV[2]
local entries = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`entries\` are times of end and records, at most 500. A repetition finds its records there, and adds none.
--
-- Atomic because there must never be more than \`most\` for long, and a time to live is part of the write.

local wrong = wrong_type('zset', keys.done)
if wrong then
  return wrong
end
redis.call('ZADD', keys.done, unpack(entries))
redis.call('ZREMRANGEBYRANK', keys.done, 0, -1 - most)
redis.call('EXPIRE', keys.done, seconds)
return redis.call('ZCARD', keys.done)`,
  'pause-queue': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.now_ms}
${LIB.noted}
${LIB.end_of}
${LIB.is_paused}
${LIB.text}
${LIB.ring}
-- pauses a queue, for a time or until it is resumed; a repeated command changes nothing.
-- Returns the pause.
local pauses, alarm = KEYS[1], KEYS[2]
local queue, for_ms, id, details = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a pause under way keeps its beginning. A command that arrives again finds its own id; were it executed
-- again, a timed pause would last longer.

local wrong = wrong_type('hash', pauses)
if wrong then
  return wrong
end
local now, pause = now_ms(), redis.call('HGET', pauses, queue)
if pause and string.find(pause, '"id":"' .. id .. '"', 1, true) then
  return pause
end
local since = is_paused(pause, now) and string.match(pause, '"since":(%d+)') or text(now)
local ends = for_ms == '' and '0' or text(now + for_ms)
pause = ends .. ' {"since":' .. since .. ',"until":' .. ends .. ',"id":"' .. id .. '",' .. details
redis.call('HSET', pauses, queue, pause)
if for_ms ~= '' then
  ring(alarm)
end
return pause`,
  'release': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.part}
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.by_name}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.IS_WHOLE}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.LIMITS}
${LIB.text}
${LIB.ring}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.base36}
${LIB.FRESH}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.leave_group_2}
${LIB.end_as_cancelled}
${LIB.end_cancelled}
${LIB.keep_ordered_2}
${LIB.is_quarantined}
${LIB.enlist}
${LIB.give_up_slots_2}
${LIB.put_back}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.is_letter}
${LIB.limits_of}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.used_of}
${LIB.give_up_slot}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.keeps_head_2}
${LIB.PACE}
${LIB.look_at}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by_2}
${LIB.nudge_2}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.turn_of}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.with_letter}
limit_parts_made = { wrong_lines = wrong_lines, limits_of = limits_of, line_of = line_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, WAITED = WAITED, rule_of = rule_of, FIRST = FIRST, room_of = room_of, entries_of = entries_of, keeps_head = keeps_head, PACE = PACE, look_at = look_at, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, free_slots = free_slots, forget_labels = forget_labels, turn_of = turn_of, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks, with_letter = with_letter }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.first_in_line_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.note_given_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { first_in_line = first_in_line, keeps_slot = keeps_slot, nudge_within = nudge_within, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.now_ms}
${LIB.GROUP}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- returns tasks to the heads of their queues, uncounted.
-- Returns the number returned; 0 if the child has claimed again.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, claim_number = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[8 * i + 10],
    quarantined = KEYS[8 * i + 11],
    bell = KEYS[8 * i + 12],
    scheduled = KEYS[8 * i + 13],
    dead = KEYS[8 * i + 14],
    records = KEYS[8 * i + 15],
    held = KEYS[8 * i + 16],
    ready = KEYS[8 * i + 17],
  }
end
local ids = part(ARGV, #queues + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`claim_number\` must still be the child's last, or is '' for any.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last, lost = registration(keys.session, child)
if lost then
  return lost
end
if claim_number ~= '' and claim_number ~= last then
  return 0
end

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local known_queues, tasks, named = by_name(queues), {}, {}
for _, id in ipairs(ids) do
  local held = not named[id] and redis.call('HGET', keys.claims, id)
  named[id] = true
  tasks[#tasks + 1] = held and held_task(keys.claims, id, held, known_queues) or nil
end
local claimed = {}
for i, task in ipairs(tasks) do
  claimed[i] = task.claimed
end
wrong = wrong_lines_of(keys, queues, claimed)
if wrong then
  return wrong
end
put_back(keys, tasks)
return #tasks`,
  'resume-queue': `#!lua flags=allow-oom
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.noted}
${LIB.end_of}
${LIB.is_paused}
${LIB.now_ms}
${LIB.ring}
${LIB.reopen}
-- ends the pause of a queue, and rings if that holds tasks.
-- Returns 1, or 0 if no pause held it.
local pauses = KEYS[1]
local queue = { name = ARGV[1], pending = KEYS[2], quarantined = KEYS[3], bell = KEYS[4], held = KEYS[5] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child that looks in between would find a queue that is neither paused nor announced.

local wrong = wrong_type('hash', pauses) or wrong_queues({ queue })
if wrong then
  return wrong
end
local was_paused = is_paused(redis.call('HGET', pauses, queue.name), now_ms())
reopen(pauses, queue)
return was_paused and 1 or 0`,
  'retry': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
local rare_parts
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_queues}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.by_name}
${LIB.IS_WHOLE}
${LIB.whole_needed}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.wrong_groups}
${LIB.may_have_limits}
${LIB.wrong_lines_of_2}
${LIB.LIMITS}
${LIB.ring}
${LIB.text}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.body_start}
${LIB.CLAIMED}
${LIB.now_ms}
${LIB.base36}
${LIB.part}
${LIB.FRESH}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.end_cancelled_2}
${LIB.counted}
${LIB.keep_ordered_2}
${LIB.remembered}
${LIB.schedule}
${LIB.is_quarantined}
${LIB.enlist}
${LIB.wait_until}
${LIB.give_up_slots_2}
${LIB.try_again}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.noted}
${LIB.look_at}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.RULES}
${LIB.forget_rules}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.rule_of}
${LIB.FIRST}
${LIB.read_slots}
${LIB.used_of}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.keeps_head_2}
${LIB.PACE}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by_2}
${LIB.nudge_2}
${LIB.apply_rule_2}
${LIB.set_entry}
${LIB.stop_limit}
${LIB.is_letter}
${LIB.limits_of}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.give_up_slot}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.turn_of}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.with_letter}
limit_parts_made = { wrong_lines = wrong_lines, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, look_at = look_at, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, WAITED = WAITED, rule_of = rule_of, FIRST = FIRST, room_of = room_of, entries_of = entries_of, keeps_head = keeps_head, PACE = PACE, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, nudge = nudge, stop_limit = stop_limit, limits_of = limits_of, line_of = line_of, free_slots = free_slots, forget_labels = forget_labels, turn_of = turn_of, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks, with_letter = with_letter }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.first_in_line_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.note_given_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.nudge_all_3}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { first_in_line = first_in_line, keeps_slot = keeps_slot, nudge_within = nudge_within, nudge_all = nudge_all, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.free_key}
${LIB.note_endings}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_limits_2}
${LIB.leave_group_2}
${LIB.end_as_cancelled}
rare_parts_made = { end_as_cancelled = end_as_cancelled }
end
return rare_parts_made
end
-- lets a task run again after an attempt, now or later.
-- Returns 1, or 0 if the child no longer held it or the attempt was counted before.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, id, failures, delay, line, counts, stopped, stopped_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local queue = {
  name = ARGV[9],
  pending = KEYS[18],
  quarantined = KEYS[19],
  bell = KEYS[20],
  scheduled = KEYS[21],
  dead = KEYS[22],
  records = KEYS[23],
  held = KEYS[24],
  ready = KEYS[25],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`failures\` before this attempt are two digits, base 36; \`counts\` is 1 when it counts as one, 0 when nothing was tried;
-- \`line\` goes to the history. \`stopped\` is a limit under which nothing starts for \`stopped_ms\`, or ''.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or string.sub(task.message, 22, 23) ~= failures then
  return 0
end
-- whatever tags it has: the short form cannot stop anything
if stopped ~= '' and not IS_WHOLE then
  return whole_needed()
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if stopped ~= '' then
  limit_parts().use_lines(keys, task.known_queues)
  limit_parts().stop_limit(stopped, tonumber(stopped_ms))
end
if not end_cancelled(keys, task) then
  try_again(keys, task, { delay = tonumber(delay), line = line, counts = counts == '1' })
end
return 1`,
  'settle': `#!lua flags=allow-oom
local limit_parts
local settling_parts
local group_parts
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.by_name}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.has_more_tags}
${LIB.tag}
${LIB.result_tag}
${LIB.text}
${LIB.keep_result}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.finish}
${LIB.RENEWED}
${LIB.announce}
${LIB.may_have_limits}
${LIB.LIMITS}
${LIB.ring}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.member_of}
${LIB.now_ms}
${LIB.base36}
${LIB.part}
${LIB.FRESH}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_2}
${LIB.leave_group_2}
${LIB.end_claim}
${LIB.bury_stray}
${LIB.is_cancelled}
${LIB.end_as_cancelled}
${LIB.end_cancelled}
${LIB.remembered}
${LIB.counted}
${LIB.keep_failure}
${LIB.keep_notes}
${LIB.bury}
${LIB.keep_ordered_2}
${LIB.schedule}
${LIB.is_quarantined}
${LIB.enlist}
${LIB.wait_until}
${LIB.give_up_slots_2}
${LIB.try_again}
${LIB.put_back}
local limit_parts_made
limit_parts = function()
if not limit_parts_made then
${LIB.wrong_lines}
${LIB.is_letter}
${LIB.limits_of}
${LIB.has_tags}
${LIB.NO_TENANT}
${LIB.line_of_tags}
${LIB.line_of}
${LIB.use_limits}
${LIB.QUEUES_MET}
${LIB.use_lines}
${LIB.LINES}
${LIB.CHANGED}
${LIB.USED}
${LIB.ARRIVALS}
${LIB.flush_limits}
${LIB.STATES_CHANGED}
${LIB.REMOVED}
${LIB.STATES}
${LIB.LISTED}
${LIB.flush_lines}
${LIB.change_at_once}
${LIB.read_slots}
${LIB.used_of}
${LIB.give_up_slot}
${LIB.any_waiters}
${LIB.WAITED}
${LIB.RULES}
${LIB.RULE}
${LIB.amount_in}
${LIB.rule_with}
${LIB.noted}
${LIB.rule_of}
${LIB.FIRST}
${LIB.arrival_of}
${LIB.room_of}
${LIB.entries_of}
${LIB.message_in_line}
${LIB.keeps_head_2}
${LIB.PACE}
${LIB.look_at}
${LIB.WITHOUT_KEYS}
${LIB.MOST_WOKEN}
${LIB.mark_of}
${LIB.read_states}
${LIB.read_lines}
${LIB.state_of}
${LIB.tenant_of}
${LIB.BEHIND}
${LIB.put_state}
${LIB.is_behind_listed}
${LIB.WAITS}
${LIB.FAIR}
${LIB.decoded_state}
${LIB.waiter_of}
${LIB.limit_at}
${LIB.forget_waiter}
${LIB.drop_state}
${LIB.TAGS}
${LIB.tag_at}
${LIB.TURN}
${LIB.next_tag}
${LIB.blocked_by_2}
${LIB.nudge_2}
${LIB.free_within}
${LIB.free_slots}
${LIB.is_held}
${LIB.is_waited_for}
${LIB.forget_labels}
${LIB.turn_of}
${LIB.is_any_waited_for}
${LIB.may_list}
${LIB.put_marks}
${LIB.read_limits}
${LIB.add_to_lines_2}
${LIB.note_marks}
${LIB.with_letter}
limit_parts_made = { wrong_lines = wrong_lines, limits_of = limits_of, line_of = line_of, use_limits = use_limits, QUEUES_MET = QUEUES_MET, use_lines = use_lines, LINES = LINES, REMOVED = REMOVED, STATES = STATES, flush_lines = flush_lines, WAITED = WAITED, rule_of = rule_of, FIRST = FIRST, room_of = room_of, entries_of = entries_of, keeps_head = keeps_head, PACE = PACE, look_at = look_at, WITHOUT_KEYS = WITHOUT_KEYS, MOST_WOKEN = MOST_WOKEN, mark_of = mark_of, read_lines = read_lines, state_of = state_of, tenant_of = tenant_of, put_state = put_state, is_behind_listed = is_behind_listed, WAITS = WAITS, FAIR = FAIR, decoded_state = decoded_state, waiter_of = waiter_of, limit_at = limit_at, forget_waiter = forget_waiter, drop_state = drop_state, TAGS = TAGS, tag_at = tag_at, next_tag = next_tag, blocked_by = blocked_by, free_slots = free_slots, forget_labels = forget_labels, turn_of = turn_of, may_list = may_list, put_marks = put_marks, read_limits = read_limits, add_to_lines = add_to_lines, note_marks = note_marks, with_letter = with_letter }
end
return limit_parts_made
end
local settling_parts_made
settling_parts = function()
if not settling_parts_made then
${LIB.first_in_line_2}
${LIB.keeps_slot}
${LIB.pace_limit_2}
${LIB.note_given_2}
${LIB.settle_line_2}
${LIB.vanish_line_2}
${LIB.refresh_line}
${LIB.nudge_within_2}
${LIB.entry_in_line_2}
${LIB.add_within_2}
settling_parts_made = { first_in_line = first_in_line, keeps_slot = keeps_slot, nudge_within = nudge_within, entry_in_line = entry_in_line, add_within = add_within }
end
return settling_parts_made
end
local group_parts_made
group_parts = function()
if not group_parts_made then
${LIB.MADE}
${LIB.GROUP}
${LIB.enlist_new}
${LIB.MOST_ENDED}
${LIB.NODE}
${LIB.NODES_AT_ONCE}
${LIB.is_over}
${LIB.shortened}
${LIB.groups_of_2}
${LIB.shared_groups}
group_parts_made = { shared_groups = shared_groups }
end
return group_parts_made
end
-- ends all claims of a child that has exited, and its registration.
-- Returns the numbers released, crashed, quarantined, dead, timed out.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, child_exit = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 5],
    pending = KEYS[9 * i + 9],
    quarantined = KEYS[9 * i + 10],
    bell = KEYS[9 * i + 11],
    scheduled = KEYS[9 * i + 12],
    dead = KEYS[9 * i + 13],
    records = KEYS[9 * i + 14],
    dead_notes = KEYS[9 * i + 15],
    held = KEYS[9 * i + 16],
    ready = KEYS[9 * i + 17],
  }
end
local noting = {}
for i = 1, ARGV[4] do
  noting[i] = { name = ARGV[#queues + i + 5], notes = KEYS[9 * #queues + i + 17] }
end
local kept = {}
for i = 1, ARGV[5] do
  kept[i] = { name = ARGV[#queues + #noting + i + 5], result = KEYS[9 * #queues + #noting + i + 17] }
end
local answering = {}
for i = 1, #ARGV - (#queues + #noting + #kept + 5) do
  answering[i] = {
    name = ARGV[#queues + #noting + #kept + i + 5],
    answers = KEYS[9 * #queues + #noting + #kept + i + 17],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- How the child ended is JSON, see ChildExit in broker.ts.
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a quarantined task and runs alone next
--   what ran out of time counts a failure, and runs again after its delay or is dead
--   what was done is acked, what was cancelled ends, what was not started goes back uncounted
--   a task that ran out of time and is dropped is among the done
--   one that was done and keeps its result counts a crash, and runs again or is dead: its result is lost with the process
-- \`noting\` and \`kept\` are the tasks that may die of it or are dropped, with the keys for their notes and results.
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues) or limit_parts().wrong_lines(keys, queues)
if wrong then
  return wrong
end
local judged, known_queues, tasks = cjson.decode(child_exit), by_name(queues), {}
local known_notes, known_results, known_answering = by_name(noting), by_name(kept), by_name(answering)
local function held_of(id)
  local held = redis.call('HGET', keys.claims, id)
  return held and held_task(keys.claims, id, held, known_queues)
end

local function result_of(id)
  return known_results[id] and known_results[id].result
end

local is_dropped, ended, dropped, done, unkept = {}, {}, {}, {}, {}
for _, id in ipairs(judged.dropped or {}) do
  local task = held_of(id)
  is_dropped[id] = true
  if task then
    note_ending(keys, task.queue.name, task.message, 'timedOut')
    note_ending(keys, task.queue.name, task.message, 'dropped')
    keep_result(result_of(id), task.message, 'x{"error":"It ran beyond its hard timeout."}')
    dropped[#dropped + 1] = task
  end
end
for _, id in ipairs(judged.done) do
  local task = not is_dropped[id] and held_of(id)
  if task and result_tag(task.message) then
    unkept[#unkept + 1] = id
  else
    ended[#ended + 1] = id
    done[#done + 1] = task or nil
  end
end
finish(keys, ended)
for _, task in ipairs(dropped) do
  announce(known_answering, task.message)
  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)
  leave_group(keys, known_queues, task.message, 'dropped')
end
for _, task in ipairs(done) do
  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)
  leave_group(keys, known_queues, task.message, 'done')
end
local all = redis.call('HGETALL', keys.claims)
for i = 1, #all, 2 do
  local task = held_task(keys.claims, all[i], all[i + 1], known_queues)
  if not task then
    bury_stray(keys, known_queues, queues[1], keys.claims, all[i], all[i + 1])
  elseif not end_cancelled(keys, task) then
    task.notes = known_notes[task.id] and known_notes[task.id].notes
    task.result = result_of(task.id)
    tasks[task.id] = task
  end
end

local dead, timed_out = 0, 0
for _, late in ipairs(judged.timedOut) do
  local task = tasks[late.id]
  if task and not is_foreign(task.message) then
    tasks[late.id] = nil
    note_ending(keys, task.queue.name, task.message, 'timedOut')
    note_ending(keys, task.queue.name, task.message, late.retryInMs < 0 and 'dead' or 'retried')
    if late.retryInMs < 0 then
      task.message = remembered(counted(task.message, 22, 23), late.line)
      bury(keys, task, late.report, known_answering)
      dead = dead + 1
    else
      try_again(keys, task, { delay = late.retryInMs, line = late.line, counts = true })
      timed_out = timed_out + 1
    end
  end
end

local blamed, crashed, quarantined = {}, 0, 0
for _, id in ipairs(judged.blamed) do
  if tasks[id] and not blamed[id] and not is_foreign(tasks[id].message) then
    blamed[id] = tasks[id]
    quarantined = quarantined + 1
  end
end
if quarantined == 1 then
  crashed, quarantined = 1, 0
end
-- A task that crashes too often is dead. Returns whether it is.
local function crash(task)
  local crashes
  task.message, crashes = counted(task.message, 24, 24)
  task.message = remembered(task.message, judged.line)
  note_ending(keys, task.queue.name, task.message, 'crashed')
  if crashes < judged.maxCrashes then
    return false
  end
  note_ending(keys, task.queue.name, task.message, 'dead')
  bury(keys, task, judged.report, known_answering)
  tasks[task.id] = nil
  dead = dead + 1
  return true
end

for _, task in pairs(blamed) do
  if crashed == 0 then
    task.message = remembered(counted(task.message, 25, 25), judged.line)
  elseif crash(task) then
    crashed = 0
  end
end
-- what they returned is lost with the process, so they run again; each counts a crash, lest one that ends its process after its
-- return does so for ever
for _, id in ipairs(unkept) do
  local task = tasks[id]
  if task and not blamed[id] then
    crash(task)
  end
end

local back, released = {}, 0
for id, task in pairs(tasks) do
  back[#back + 1] = task
  released = released + (blamed[id] and 0 or 1)
end
put_back(keys, back)
redis.call('HDEL', keys.session, child)
return { released, crashed, quarantined, dead, timed_out }`,
  'write-notes': `#!lua
${LIB.noted}
${LIB.part}
${LIB.registration}
${LIB.wrong_type}
-- adds to the notes of a task that the child holds, each call once.
-- Returns 1, or 0 if the child no longer holds it.
local keys = { session = KEYS[1], claims = KEYS[2], notes = KEYS[3] }
local child, id, noted, ended, number, progress = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local lines = part(ARGV, 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`noted\` names their task, and how it ended if it has \`ended\`; \`number\` is that of the last call, by which one
-- that is repeated is recognised; \`progress\` is '' for none; \`lines\` are numbers of calls and lines, the oldest first.
--
-- Atomic because a child that has lost the task must not write over the notes of its next attempt.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_type('hash', keys.claims) or wrong_type('string', keys.notes)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.claims, id) == 0 then
  return 0
end

local stored = redis.call('GET', keys.notes) or ''
local writer, last, former, log = string.match(stored, '^(%S+) (%d+)\\n[^\\n]*\\n([^\\n]*)\\n?(.*)$')
local seen = writer == child and tonumber(last) or 0
if tonumber(number) <= seen then
  return 1
end

local kept = {}
for line in string.gmatch(log or '', '[^\\n]+') do
  kept[#kept + 1] = line
end
for i = 1, #lines, 2 do
  if tonumber(lines[i]) > seen then
    kept[#kept + 1] = lines[i + 1]
  end
end
local first, bytes = #kept + 1, 0
while first > 1 and #kept - first < 99 and bytes + #kept[first - 1] < 8192 do
  first = first - 1
  bytes = bytes + #kept[first] + 1
end

local notes = { child .. ' ' .. number, noted, progress ~= '' and progress or former or '' }
for i = first, #kept do
  notes[#notes + 1] = kept[i]
end
redis.call('SET', keys.notes, table.concat(notes, '\\n'), 'EX', ended == '1' and 3600 or 86400)
return 1`,
};

/** The short forms of some, which answer WHOLE_NEEDED, and do nothing, where a task has a limit or is in a group. */
export const SHORT: Readonly<Partial<Record<ScriptName, string>>> = {
  'fire-crons': `#!lua
local group_parts
local limit_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.IS_WHOLE_2}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.now_ms}
${LIB.unique_digest}
${LIB.noted}
${LIB.text}
${LIB.add_to_history}
${LIB.note_earliest}
${LIB.AHEAD_MS}
${LIB.base36}
${LIB.at_time}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_6}
${LIB.ring}
${LIB.enlist_new}
${LIB.by_name}
${LIB.note_labels_2}
-- enqueues the due runs of crons of one queue, each time once, and notes which were left out.
-- Returns for each cron the numbers fired (-1 for an unknown one) and skipped, the queue of the run that causes skips,
-- the end of the last run, and whether its limit is reached.
local keys = {
  crons = KEYS[1],
  run_time_crons = KEYS[2],
  cron_times = KEYS[3],
  cron_lines = KEYS[4],
  unique = KEYS[5],
  alarm = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local line, keep = ARGV[1], ARGV[2]
local queue = { name = ARGV[3], pending = KEYS[13], bell = KEYS[14], held = KEYS[15], ready = KEYS[16] }
local firing = {}
for i = 1, ARGV[4] do
  firing[i] = { name = ARGV[i + 5], cron_runs = KEYS[i + 16] }
end
local labels = part(ARGV, #firing + 6, #firing + 5 + ARGV[5])
local entries = part(ARGV, #firing + #labels + 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Each cron has one entry: the number of its runs, \`''\` or the version of a run-time cron and when to look at it next, its jitter
-- in ms, a line of history about instants that are left out, '' for none, up to when the cron was settled before these, the last
-- of them and their number, its limit or \`''\`, the instant of its run at a release or \`''\`; then each run: its instant in ms since 1970 and its message, oldest first. \`line\` is
-- that of run-time crons, '' for declared ones; one that was set again meanwhile is left as it is. \`labels\` are limits of all runs,
-- each followed by its key in clear. Fired and skipped are 0 when others were faster. Of a cron with a limit no more are fired than
-- that; what comes due then stays unsettled. A run with a key that is taken is skipped: an earlier one waits or is under way, in the
-- queue that is returned, '' for none. How the last run ended is JSON, '' for none. A run-time cron whose limit is reached is looked at a day later.
--
-- Atomic because of all supervisors that try, one must find the instant unsettled. Without allow-oom: a full Redis refuses
-- before the first write, and the instants stay due.

local hash = line == '' and keys.crons or keys.run_time_crons
local wrong = wrong_type('hash', hash, keys.unique)
  or wrong_type('zset', keys.cron_times, keys.cron_lines)
  or wrong_queues({ queue })
if wrong then
  return wrong
end
local fields, its_messages, at = {}, {}, 1
for _, cron in ipairs(firing) do
  local runs, plan, limit
  runs, plan, cron.jitter, cron.missed, cron.settled, cron.passed, cron.count, limit, cron.immediate = unpack(entries, at, at + 8)
  cron.first, cron.last, cron.limit = at + 9, at + 8 + 2 * runs, tonumber(limit)
  cron.version, cron.next_look = string.match(plan, '^(%d+) (%d+)$')
  for _, field in ipairs({ ' until', ' paused', ' run', ' skipped', ' version', ' missed' }) do
    fields[#fields + 1] = cron.name .. field
  end
  for i = cron.first + 1, cron.last, 2 do
    its_messages[#its_messages + 1] = entries[i]
  end
  at = cron.last + 1
end
wrong = wrong_lines_of(keys, { queue }, its_messages)
if wrong then
  return wrong
end

local DAY_MS = 86400000

local now = now_ms()
local records = redis.call('HMGET', hash, unpack(fields))
-- what this call adds, and what it notes of the crons
local messages, notes = {}, {}

local function note(cron, field, value)
  notes[#notes + 1] = cron.name .. ' ' .. field
  notes[#notes + 1] = value
end

-- Takes the key of a message that has one. Returns the task that has it already.
local function holder_of_key(message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', keys.unique, digest)
  if digest and not holder then
    redis.call('HSET', keys.unique, digest, queue.name .. ' ' .. message)
  end
  return holder
end

local function fire(cron, settled, last_run, skipped_before, missed_before)
  local fired, skipped, held_in, settled_before, lines = 0, 0, '', settled, {}
  local left, fires = math.huge, 0
  if cron.limit then
    fires = noted(redis.call('HGET', hash, cron.name .. ' fires')) or 0
    left = cron.limit - fires
  end
  local immediate = cron.immediate ~= ''
    and redis.call('HGET', hash, cron.name .. ' immediate') == cron.immediate
    and tonumber(cron.immediate)
  -- others were not faster, and did not leave out what these were to run
  if cron.missed ~= '' and settled == tonumber(cron.settled) and tonumber(cron.passed) <= now then
    settled = tonumber(cron.passed)
    lines[1] = cron.missed
    note(cron, 'missed', text((noted(missed_before) or 0) + cron.count))
  end
  for i = cron.first, cron.last, 2 do
    local instant, message = tonumber(entries[i]), entries[i + 1]
    if (instant > settled or instant == immediate) and instant <= now and fired < left then
      local jitter = cron.jitter
      if instant == immediate then
        redis.call('HDEL', hash, cron.name .. ' immediate')
        immediate, jitter = nil, 0
      end
      settled = math.max(settled, instant)
      local holder = holder_of_key(message)
      if holder then
        skipped = skipped + 1
        held_in = string.match(holder, '^%S*')
        local id = string.match(string.sub(holder, #held_in + 2, #held_in + 21), '^%w+$')
        lines[#lines + 1] = text(instant - jitter) .. ' skipped ' .. (id or '?')
      else
        fired = fired + 1
        messages[#messages + 1] = message
        cron.fired_at = instant
      end
    end
  end
  if fired > 0 then
    note(cron, 'fired', text(cron.fired_at))
    if cron.limit then
      note(cron, 'fires', text(fires + fired))
    end
  end
  if skipped > 0 then
    note(cron, 'skipped', text((noted(skipped_before) or 0) + skipped))
  end
  if settled > settled_before then
    note(cron, 'until', text(settled))
  end
  add_to_history(cron.cron_runs, lines, keep)
  if fired >= left then
    cron.next_look = text(now + DAY_MS)
  end
  return { fired, skipped, held_in, last_run or '', fired < left and 0 or 1 }
end

-- A run-time cron that was set again meanwhile keeps its time: it is to be looked at now.
local function look_later()
  for i, cron in ipairs(firing) do
    if records[6 * i - 1] == cron.version then
      redis.call('ZADD', keys.cron_times, 'XX', cron.next_look, cron.name)
    end
  end
  note_earliest(keys.cron_lines, line, keys.cron_times)
end

-- Those of code begin anew when they are declared again. Of these the loop has found no run then.
local function is_ahead(settled)
  return line ~= '' and settled > now + AHEAD_MS
end

local replies = {}
for i, cron in ipairs(firing) do
  local settled, paused, last_run, skipped, version, missed = unpack(records, 6 * i - 5, 6 * i)
  settled = noted(settled)
  if not settled then
    replies[i] = { -1, 0, '', '', 0 }
  elseif paused or (cron.version and cron.version ~= version) then
    replies[i] = { 0, 0, '', '', 0 }
  elseif is_ahead(settled) then
    note(cron, 'until', text(now))
    replies[i] = { 0, 0, '', '', 0 }
  else
    replies[i] = fire(cron, settled, last_run, skipped, missed)
  end
end

if #messages > 0 then
  enlist_new(keys, by_name({ queue }), queue, messages)
  -- a run may be of an earlier version of its task, which had other limits
  note_labels(keys, labels, messages)
end
if #notes > 0 then
  redis.call('HSET', hash, unpack(notes))
end
if line ~= '' then
  look_later()
end
return replies`,
  'redrive': `#!lua flags=allow-oom
local group_parts
local limit_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.now_ms}
${LIB.text}
${LIB.by_name}
${LIB.base36}
${LIB.started_anew}
${LIB.message_of}
${LIB.has_more_tags}
${LIB.tag}
${LIB.result_tag}
${LIB.remembered}
${LIB.IS_WHOLE_2}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_6}
${LIB.ring}
${LIB.enlist_new}
${LIB.forget_dead}
${LIB.redrive_2}
-- moves dead tasks to the tail of their queue, with new counters.
-- Returns for each task 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was
-- not declared.
local keys = {
  unique = KEYS[1],
  cancelled = KEYS[2],
  alarm = KEYS[3],
  groups = KEYS[4],
  group_times = KEYS[5],
  groups_ended = KEYS[6],
  released = KEYS[7],
  limits = KEYS[8],
  slots = KEYS[9],
  rates = KEYS[10],
  paced = KEYS[11],
  waiters = KEYS[12],
  limit_labels = KEYS[13],
}
local queue = {
  name = ARGV[1],
  pending = KEYS[14],
  bell = KEYS[15],
  dead = KEYS[16],
  records = KEYS[17],
  dead_notes = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
local noting = {}
for i = 1, ARGV[2] do
  noting[i] = { name = ARGV[i + 3], notes = KEYS[i + 20] }
end
local kept = {}
for i = 1, ARGV[3] do
  kept[i] = { name = ARGV[#noting + i + 3], result = KEYS[#noting + i + 20] }
end
local deaths = part(ARGV, #noting + #kept + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A death is id and time of death in ms; at most 500. The tasks come to the tail of their queue, as if they had just been
-- sent, and stay dead where the header cannot be reset, or where one keeps a result whose key is not among \`kept\`. The
-- history stays and gets a line. A unique task runs without its key if that is taken. A task that was cancelled and died
-- may run again.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that
-- arrives late: by then the task may have run and died once more. With allow-oom: a pending task takes less than a dead one.

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end

local now = now_ms()
local line = '\\n{"at":' .. text(now) .. ',"code":"REDRIVEN"}'
local answers, ids, messages, named, known_results = {}, {}, {}, {}, by_name(kept)

for i = 1, #deaths, 2 do
  local id, answer = deaths[i], 0
  local died_at = redis.call('ZSCORE', queue.dead, id)
  if died_at and tonumber(died_at) == tonumber(deaths[i + 1]) and not named[id] then
    named[id] = true
    local record = redis.call('HGET', queue.records, id) or ''
    local message = started_anew(id, message_of(record), now)
    answer = not message and -1 or result_tag(message) and not known_results[id] and -2 or 1
    if answer == 1 then
      ids[#ids + 1] = id
      messages[#messages + 1] = remembered(message, line)
    end
  end
  answers[#answers + 1] = answer
end

wrong = wrong_lines_of(keys, { queue }, messages)
if wrong then
  return wrong
end
if #ids > 0 then
  redrive(keys, queue, ids, messages, by_name(noting), known_results)
end
return answers`,
  'enqueue-unique': `#!lua
local group_parts
local limit_parts
${LIB.part}
${LIB.wrong_type}
${LIB.wrong_targets}
${LIB.by_name}
${LIB.has_more_tags}
${LIB.tag}
${LIB.unique_digest}
${LIB.split}
${LIB.IS_WHOLE_2}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.now_ms}
${LIB.base36}
${LIB.at_time}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.not_ahead_2}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.push}
${LIB.line_up_6}
${LIB.enlist_new}
${LIB.remove_deep}
${LIB.remove_listed}
${LIB.may_be_listed_3}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.WAITING}
${LIB.remove_3}
${LIB.is_quarantined}
${LIB.place_of}
${LIB.result_tag}
${LIB.remember_ids}
${LIB.remember_removed}
${LIB.take_key}
${LIB.note_labels_2}
-- adds a message unless another task has its key; with \`replace\`, removes that task if it waits.
-- Returns id and queue of the task that now has the key.
local keys = {
  seen = KEYS[1],
  removed = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  limits = KEYS[6],
  slots = KEYS[7],
  rates = KEYS[8],
  paced = KEYS[9],
  waiters = KEYS[10],
  limit_labels = KEYS[11],
}
local seconds, due_from, due_ms, on_conflict, message, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, ARGV[7] do
  queues[i] = {
    name = ARGV[i + 7],
    pending = KEYS[6 * i + 6],
    quarantined = KEYS[6 * i + 7],
    bell = KEYS[6 * i + 8],
    scheduled = KEYS[6 * i + 9],
    held = KEYS[6 * i + 10],
    ready = KEYS[6 * i + 11],
  }
end
local labels = part(ARGV, #queues + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due \`in\` or \`at\` so many ms; \`replace\` lets a running task go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('string', keys.seen)
  or wrong_type('zset', keys.removed)
  or wrong_targets(queues)
if wrong then
  return wrong
end
local known_queues = by_name(queues)
local id, target = string.sub(message, 1, 20), known_queues[queue]
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', keys.seen, sequence % 4096) == 1 then
  return { id, queue }
end

local digest = unique_digest(message)
local held = redis.call('HGET', keys.unique, digest)
if held and on_conflict ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end
wrong = wrong_lines_of(keys, queues, { message, held and select(2, split(held)) or nil })
if wrong then
  return wrong
end

local now = now_ms()
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
take_key(keys, known_queues, target, message, due, now, held)
redis.call('SETBIT', keys.seen, sequence % 4096, 1)
redis.call('EXPIRE', keys.seen, seconds)
note_labels(keys, labels, { message }, 1)
return { id, queue }`,
  'promote': `#!lua flags=allow-oom
local group_parts
local limit_parts
local due_parts
${LIB.now_ms}
${LIB.by_name}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.fields_of}
${LIB.wrong_type}
${LIB.wrong_queues}
${LIB.text}
${LIB.IS_WHOLE_2}
${LIB.whole_needed}
${LIB.member_of}
${LIB.wrong_lines_of_2}
${LIB.ENDED_KEPT}
local due_parts_made
due_parts = function()
if not due_parts_made then
${LIB.is_quarantined}
${LIB.part}
${LIB.base36}
${LIB.at_time}
${LIB.unique_digest}
${LIB.key_held}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_6}
${LIB.ring}
${LIB.enlist}
${LIB.noted}
${LIB.end_of}
${LIB.reopen}
due_parts_made = { enlist = enlist, end_of = end_of, reopen = reopen }
end
return due_parts_made
end
-- moves due tasks from the schedules to the tails of their queues, and ends pauses that are over.
-- Returns the number moved, ms until the next is due or the next pause is over or -1, 1 if groups have something to do,
-- queue and value of each pause that is none (of a foreign key: nothing and its type), other queues in which tasks wait
-- for a limit that is free, an error for each queue with a foreign key.
local keys = {
  unique = KEYS[1],
  pauses = KEYS[2],
  released = KEYS[3],
  group_times = KEYS[4],
  groups_ended = KEYS[5],
  limits = KEYS[6],
  slots = KEYS[7],
  rates = KEYS[8],
  paced = KEYS[9],
  waiters = KEYS[10],
  limit_labels = KEYS[11],
}
local limit = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[6 * i + 6],
    quarantined = KEYS[6 * i + 7],
    bell = KEYS[6 * i + 8],
    scheduled = KEYS[6 * i + 9],
    held = KEYS[6 * i + 10],
    ready = KEYS[6 * i + 11],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.
-- The end of a pause needs the same clock: claims heed it by themselves, and their children wait for a ring.

local now, left, next, known_queues = now_ms(), tonumber(limit), -1, by_name(queues)
local function look_again(at)
  local in_ms = math.max(at - now, 0)
  next = next < 0 and in_ms or math.min(next, in_ms)
end

local function promote(queue, due)
  if #due > 0 then
    due_parts().enlist(keys, known_queues, queue, due, false, true)
    redis.call('ZREMRANGEBYRANK', queue.scheduled, 0, #due - 1)
  end
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  if first[2] then
    look_again(tonumber(first[2]))
  end
end

local foreign, refused = {}, {}
local function end_pause(queue, pause)
  local ends = due_parts().end_of(pause)
  if not ends then
    foreign[#foreign + 1] = queue.name
    foreign[#foreign + 1] = pause
  elseif ends > now then
    look_again(ends)
  elseif ends > 0 then
    due_parts().reopen(keys.pauses, queue)
  end
end

local found = fields_of(keys.pauses, queues)
if found.err then
  foreign = { '', redis.call('TYPE', keys.pauses).ok }
end
-- mostly there are no limits
local wrong_of, due_of, any_limits = {}, {}, redis.call('EXISTS', keys.paced, keys.rates) > 0
for i, queue in ipairs(queues) do
  local wrong = wrong_queues({ queue })
  local due = not wrong and left > 0
    and redis.call('ZRANGEBYSCORE', queue.scheduled, '-inf', text(now), 'LIMIT', 0, left) or {}
  for _, message in ipairs(due) do
    any_limits = any_limits or may_have_limits(message)
  end
  if any_limits and not IS_WHOLE then
    return whole_needed()
  end
  wrong = wrong or any_limits and wrong_lines_of(keys, { queue }, due)
  wrong_of[i], due_of[i] = wrong, due
  -- tasks that stay on the schedule take the place of no others
  left = wrong and left or left - #due
end
for i, queue in ipairs(queues) do
  if wrong_of[i] then
    refused[#refused + 1] = wrong_of[i].err
  else
    promote(queue, due_of[i])
    if found[i] then
      end_pause(queue, found[i])
    end
  end
end

local unreached = {}
if any_limits and redis.call('EXISTS', keys.paced, keys.rates) > 0 then
  local wrong = limit_parts().wrong_lines(keys, {})
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    -- one with a foreign key is left as it is
    local whole = {}
    for _, queue in ipairs(queues) do
      local foreign_lines = wrong_type('zset', queue.held, queue.ready)
      refused[#refused + 1] = foreign_lines and foreign_lines.err
      whole[#whole + 1] = not foreign_lines and not wrong_queues({ queue }) and queue or nil
    end
    -- lines that wait there would be looked at again at once
    local soonest = #whole == #queues and now or now + 1000
    limit_parts().use_lines(keys, by_name(whole))
    local at = limit_parts().keep_pace()
    for _, name in ipairs(limit_parts().unreached_queues()) do
      unreached[#unreached + 1] = not known_queues[name] and name or nil
    end
    if at then
      look_again(math.max(at, soonest))
    end
    if limit_parts().forget_rates() then
      look_again(now + 10)
    end
  end
end

-- Groups are for another script, which has the keys that it needs: mostly there is nothing to do for them.
local groups = redis.call('EXISTS', keys.released)
if redis.call('EXISTS', keys.group_times, keys.groups_ended) > 0 then
  local time = redis.pcall('ZRANGE', keys.group_times, 0, 0, 'WITHSCORES')
  local ended = redis.pcall('ZRANGE', keys.groups_ended, 0, 0, 'WITHSCORES')
  if time[2] and tonumber(time[2]) <= now or ended[2] and tonumber(ended[2]) <= now - ENDED_KEPT then
    groups = 1
  elseif time[2] then
    look_again(tonumber(time[2]))
  end
end
return { tonumber(limit) - left, next, groups, foreign, unreached, unpack(refused) }`,
  'bury': `#!lua flags=allow-oom
local group_parts
local limit_parts
local rare_parts
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_queues}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.by_name}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.wrong_groups}
${LIB.IS_WHOLE_2}
${LIB.may_have_limits}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.leave_group_2}
${LIB.end_cancelled_2}
${LIB.remembered}
${LIB.base36}
${LIB.counted}
${LIB.text}
${LIB.now_ms}
${LIB.result_tag}
${LIB.keep_result}
${LIB.keep_failure}
${LIB.keep_notes}
${LIB.RENEWED}
${LIB.announce}
${LIB.bury}
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_as_cancelled}
rare_parts_made = { end_as_cancelled = end_as_cancelled }
end
return rare_parts_made
end
-- moves a task to the dead, with the report of its error.
-- Returns 1, or 0 if the child no longer held it.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  notes = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  endings = KEYS[7],
  catalog = KEYS[8],
  groups = KEYS[9],
  group_times = KEYS[10],
  groups_ended = KEYS[11],
  released = KEYS[12],
  limits = KEYS[13],
  slots = KEYS[14],
  rates = KEYS[15],
  paced = KEYS[16],
  waiters = KEYS[17],
  limit_labels = KEYS[18],
}
local child, id, report, line, header = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = {
  name = ARGV[6],
  pending = KEYS[19],
  quarantined = KEYS[20],
  bell = KEYS[21],
  scheduled = KEYS[22],
  dead = KEYS[23],
  records = KEYS[24],
  dead_notes = KEYS[25],
  held = KEYS[26],
  ready = KEYS[27],
}
local kept = {}
for i = 1, ARGV[7] do
  kept[i] = { name = ARGV[i + 7], result = KEYS[i + 27] }
end
local answering = {}
for i = 1, #ARGV - (#kept + 7) do
  answering[i] = { name = ARGV[#kept + i + 7], answers = KEYS[#kept + i + 27] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`report\` is one line of JSON; \`line\` goes to the history, '' for none, and then nothing is counted either; \`header\` has
-- the counters and the time of the message that was claimed (its characters 22 to 34), or ''.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The header guards a copy of this
-- command that arrives late: the task may have been sent again, and the same child may hold it.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or header ~= '' and string.sub(task.message, 22, 34) ~= header then
  return 0
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if not end_cancelled(keys, task) then
  if line ~= '' then
    task.message = remembered(counted(task.message, 22, 23), line)
  end
  task.notes = keys.notes
  task.result = kept[1] and kept[1].result
  bury(keys, task, report, by_name(answering))
end
return 1`,
  'finish': `#!lua flags=allow-oom
local group_parts
local limit_parts
${LIB.part}
${LIB.registration}
${LIB.count_stale}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.split}
${LIB.is_foreign}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.IS_WHOLE_2}
${LIB.whole_needed}
${LIB.CLAIMED}
${LIB.limits_among_2}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.by_name}
${LIB.result_tag}
${LIB.text}
${LIB.keep_result}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.RENEWED}
${LIB.announce}
${LIB.leave_group_2}
-- ends finished tasks of a child that keep their results or are in a group.
-- Returns the number that the child still held.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  stats = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  groups = KEYS[7],
  group_times = KEYS[8],
  groups_ended = KEYS[9],
  released = KEYS[10],
  limits = KEYS[11],
  slots = KEYS[12],
  rates = KEYS[13],
  paced = KEYS[14],
  waiters = KEYS[15],
  limit_labels = KEYS[16],
}
local child = ARGV[1]
local kept = {}
for i = 1, ARGV[2] do
  kept[i] = { name = ARGV[i + 4], result = KEYS[i + 16] }
end
local answering = {}
for i = 1, ARGV[3] do
  answering[i] = { name = ARGV[#kept + i + 4], answers = KEYS[#kept + i + 16] }
end
local queues = {}
for i = 1, ARGV[4] do
  queues[i] = {
    name = ARGV[#kept + #answering + i + 4],
    pending = KEYS[#kept + #answering + 4 * i + 13],
    bell = KEYS[#kept + #answering + 4 * i + 14],
    held = KEYS[#kept + #answering + 4 * i + 15],
    ready = KEYS[#kept + #answering + 4 * i + 16],
  }
end
local results = part(ARGV, #kept + #answering + #queues + 5, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`kept\` and \`results\` stand side by side: the ids of the tasks, with the keys of their results, and what is kept of each, whose first
-- letter says how it ended, see task-result.ts. \`queues\` are those into which groups may send, and in which
-- tasks wait for limits; none where no task is in a group or has a limit.
--
-- Atomic because only a registered child that still holds a task may end it, and a task must not end without its result, nor without
-- its group.

local HOW = { d = 'done', u = 'done', n = 'done', x = 'dropped', c = 'cancelled' }
local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #kept)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
local ids = {}
for i, task in ipairs(kept) do
  ids[i] = task.name
end
local entries = #ids > 0 and redis.call('HMGET', keys.claims, unpack(ids)) or {}
local messages, its_queue, held, named = {}, {}, {}, {}
for i, entry in ipairs(entries) do
  its_queue[i], messages[i] = split(entry or '')
  -- one that is named twice ends once
  if messages[i] and not named[ids[i]] then
    named[ids[i]] = true
    held[#held + 1] = i
  end
end
-- groups and limits may concern every queue; without them none is given
local any_queues = #queues > 0
local may_limit, any_members = false, false
for _, i in ipairs(any_queues and held or {}) do
  may_limit = may_limit or may_have_limits(messages[i])
  any_members = any_members or member_of(messages[i])
end
if (may_limit or any_members) and not IS_WHOLE then
  return whole_needed()
end
local has_limits = may_limit and limits_among(held, messages)
wrong = any_members and (wrong_groups(keys) or wrong_queues(queues))
  or has_limits and limit_parts().wrong_lines(keys, queues)
if wrong then
  return wrong
end
if #held == 0 then
  return 0
end
local known_answering, known_queues = by_name(answering), by_name(queues)
local keyed = redis.call('EXISTS', keys.unique) == 1
local ended = {}
for place, i in ipairs(held) do
  keep_result(kept[i].result, messages[i], results[i])
  ended[place] = ids[i]
end
redis.call('HDEL', keys.claims, unpack(ended))

local function leave(i)
  local message = messages[i]
  if keyed then
    free_key(keys.unique, message)
  end
  announce(known_answering, message, results[i])
  if any_members then
    leave_group(keys, known_queues, message, HOW[string.sub(results[i], 1, 1)])
  end
end

local function leave_all()
  for _, i in ipairs(held) do
    leave(i)
  end
  if has_limits then
    limit_parts().end_limits_of(has_limits, held, messages, function(i) return known_queues[its_queue[i]] end)
  end
end

if has_limits then
  limit_parts().use_lines(keys, known_queues)
  limit_parts().change_at_once(leave_all)
else
  leave_all()
end
return #held`,
  'release': `#!lua flags=allow-oom
local group_parts
local limit_parts
${LIB.part}
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_groups}
${LIB.wrong_queues}
${LIB.by_name}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.IS_WHOLE_2}
${LIB.may_have_limits}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.whole_needed}
${LIB.wrong_lines_of_2}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.free_key}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_limits_2}
${LIB.CLAIMED}
${LIB.leave_group_2}
${LIB.end_as_cancelled}
${LIB.end_cancelled}
${LIB.keep_ordered_2}
${LIB.is_quarantined}
${LIB.base36}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_6}
${LIB.ring}
${LIB.enlist}
${LIB.give_up_slots_3}
${LIB.put_back}
-- returns tasks to the heads of their queues, uncounted.
-- Returns the number returned; 0 if the child has claimed again.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, claim_number = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[8 * i + 10],
    quarantined = KEYS[8 * i + 11],
    bell = KEYS[8 * i + 12],
    scheduled = KEYS[8 * i + 13],
    dead = KEYS[8 * i + 14],
    records = KEYS[8 * i + 15],
    held = KEYS[8 * i + 16],
    ready = KEYS[8 * i + 17],
  }
end
local ids = part(ARGV, #queues + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`claim_number\` must still be the child's last, or is '' for any.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last, lost = registration(keys.session, child)
if lost then
  return lost
end
if claim_number ~= '' and claim_number ~= last then
  return 0
end

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local known_queues, tasks, named = by_name(queues), {}, {}
for _, id in ipairs(ids) do
  local held = not named[id] and redis.call('HGET', keys.claims, id)
  named[id] = true
  tasks[#tasks + 1] = held and held_task(keys.claims, id, held, known_queues) or nil
end
local claimed = {}
for i, task in ipairs(tasks) do
  claimed[i] = task.claimed
end
wrong = wrong_lines_of(keys, queues, claimed)
if wrong then
  return wrong
end
put_back(keys, tasks)
return #tasks`,
  'retry': `#!lua flags=allow-oom
local group_parts
local limit_parts
local rare_parts
${LIB.registration}
${LIB.wrong_type}
${LIB.wrong_keys}
${LIB.wrong_queues}
${LIB.split}
${LIB.is_foreign}
${LIB.without_gate}
${LIB.held_task}
${LIB.by_name}
${LIB.IS_WHOLE_2}
${LIB.whole_needed}
${LIB.has_more_tags}
${LIB.tag}
${LIB.member_of}
${LIB.wrong_groups}
${LIB.may_have_limits}
${LIB.wrong_lines_of_2}
${LIB.is_cancelled}
${LIB.end_claim}
${LIB.unique_digest}
${LIB.key_held}
${LIB.CLAIMED}
${LIB.end_cancelled_2}
${LIB.base36}
${LIB.counted}
${LIB.keep_ordered_2}
${LIB.remembered}
${LIB.text}
${LIB.ring}
${LIB.schedule}
${LIB.is_quarantined}
${LIB.part}
${LIB.at_time}
${LIB.update_key}
${LIB.come_now}
${LIB.push}
${LIB.line_up_6}
${LIB.enlist}
${LIB.wait_until}
${LIB.now_ms}
${LIB.give_up_slots_3}
${LIB.try_again}
local rare_parts_made
rare_parts = function()
if not rare_parts_made then
${LIB.free_key}
${LIB.note_endings}
${LIB.body_start}
${LIB.series_name}
${LIB.note_ending}
${LIB.end_limits_2}
${LIB.leave_group_2}
${LIB.end_as_cancelled}
rare_parts_made = { end_as_cancelled = end_as_cancelled }
end
return rare_parts_made
end
-- lets a task run again after an attempt, now or later.
-- Returns 1, or 0 if the child no longer held it or the attempt was counted before.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, id, failures, delay, line, counts, stopped, stopped_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local queue = {
  name = ARGV[9],
  pending = KEYS[18],
  quarantined = KEYS[19],
  bell = KEYS[20],
  scheduled = KEYS[21],
  dead = KEYS[22],
  records = KEYS[23],
  held = KEYS[24],
  ready = KEYS[25],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- \`failures\` before this attempt are two digits, base 36; \`counts\` is 1 when it counts as one, 0 when nothing was tried;
-- \`line\` goes to the history. \`stopped\` is a limit under which nothing starts for \`stopped_ms\`, or ''.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or string.sub(task.message, 22, 23) ~= failures then
  return 0
end
-- whatever tags it has: the short form cannot stop anything
if stopped ~= '' and not IS_WHOLE then
  return whole_needed()
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if stopped ~= '' then
  limit_parts().use_lines(keys, task.known_queues)
  limit_parts().stop_limit(stopped, tonumber(stopped_ms))
end
if not end_cancelled(keys, task) then
  try_again(keys, task, { delay = tonumber(delay), line = line, counts = counts == '1' })
end
return 1`,
};
