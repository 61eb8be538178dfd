#!lua flags=no-writes
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

use_limits(keys)
local taken, looked = {}, 0

-- How many more of these limits leave room for, at most so many.
local function room_for(wanted, most)
  for _, limit in ipairs(wanted) do
    most = math.min(most, room_of(limit) - (taken[limit] or 0))
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
    limits[index + 1] = limit_at(line, index)
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
      local waiting = (is_listed == '' or state >= BEHIND) and tasks_in(queue, line) or 0
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
return counts
