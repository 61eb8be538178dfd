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

local function in_lines(queue)
  local ready = redis.call('ZCOUNT', queue.ready, '-inf', '(' .. text(WAITS))
  local few = math.min(ready, MOST_LINES - looked)
  looked = looked + few
  local found = 0
  for _, line in ipairs(few > 0 and redis.call('ZRANGEBYSCORE', queue.ready, '-inf', '(' .. text(WAITS), 'LIMIT', 0, few) or {}) do
    found = found + room_for(limits_of_line(line), tasks_in(queue, line))
  end
  return found + ready - few
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
    counts[i] = counts[i] + in_lines(queue)
    local gate = has_gates and redis.call('HGET', keys.gates, queue.name)
    counts[i] = gate and room_for({ gate }, counts[i]) or counts[i]
  end
end
return counts
