-- What both scripts that give tasks to children need.

-- Ids that stand one behind the other.
local function ids_in(acks)
  local ids = {}
  for first = 1, #acks, 20 do
    ids[#ids + 1] = string.sub(acks, first, first + 19)
  end
  return ids
end

-- Foreign bytes are kept whole behind an id of our own, so that the child can bury them; equal ones get different ids.
local function claimed_as(child, number, place, message)
  local id = string.sub(message, 1, 20)
  if (#message < 34 or string.find(id, '[^0-9a-z]')) and not is_foreign(message) then
    local origin = table.concat({ child, number, place, message }, ' ')
    id = 'undecodable' .. string.sub(redis.sha1hex(origin), 1, 9)
    message = id .. '?' .. message
  end
  return id, message
end

-- Were every child to drain, one quarantined task would stop them all; the mark expires with a child that died over it.
local function is_drainer(drain, child)
  local drainer = redis.call('GET', drain)
  if drainer and drainer ~= child then
    return false
  end
  redis.call('SET', drain, child, 'PX', 5000)
  return true
end

-- Whether somebody has stopped the group of a message. `stops` remembers the answers.
local function is_of_stopped(groups, stops, message)
  local group = member_of(message)
  if group and stops[group] == nil then
    stops[group] = is_stopped(groups, group)
  end
  return group and stops[group]
end

-- Heeds the tags of a message that is given to a child: a key that it has until it is started is free, and one of a stopped group must not
-- start. `stopped` collects the ids of those.
local function heed_tags(unique, groups, stops, stopped, id, message)
  if tag(message, 's') then
    free_key(unique, message)
  end
  if is_of_stopped(groups, stops, message) then
    stopped[#stopped + 1] = id
  end
end

-- All that a child holds, and the ids of those among it whose group was stopped, one behind the other.
local function all_held(claims, groups)
  local all, stops, stopped = redis.call('HVALS', claims), {}, {}
  for _, held in ipairs(all) do
    local _, message = split(held)
    if message and is_of_stopped(groups, stops, message) then
      stopped[#stopped + 1] = string.sub(message, 1, 20)
    end
  end
  return all, table.concat(stopped)
end

-- Whether the next quarantined task of a queue has limits: it is for `claim-limited`.
local function is_limited_first(queues)
  for _, queue in ipairs(queues) do
    local first = redis.call('LINDEX', queue.quarantined, 0)
    if first and may_have_limits(first) and line_of(first) then
      return true
    end
  end
  return false
end

-- Whether one of the queues has a limit, or tasks in lines.
local function have_limits(queues, gates)
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
end
