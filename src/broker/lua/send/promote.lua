#!lua flags=allow-oom
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
    enlist(keys, known_queues, queue, due, false, true)
    redis.call('ZREMRANGEBYRANK', queue.scheduled, 0, #due - 1)
  end
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  if first[2] then
    look_again(tonumber(first[2]))
  end
end

local foreign, refused = {}, {}
local function end_pause(queue, pause)
  local ends = end_of(pause)
  if not ends then
    foreign[#foreign + 1] = queue.name
    foreign[#foreign + 1] = pause
  elseif ends > now then
    look_again(ends)
  elseif ends > 0 then
    reopen(keys.pauses, queue)
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
  local wrong = wrong_lines(keys, {})
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
    use_lines(keys, by_name(whole))
    local at = keep_pace()
    for _, name in ipairs(unreached_queues()) do
      unreached[#unreached + 1] = not known_queues[name] and name or nil
    end
    if at then
      look_again(math.max(at, soonest))
    end
    if forget_rates() then
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
return { tonumber(limit) - left, next, groups, foreign, unreached, unpack(refused) }
