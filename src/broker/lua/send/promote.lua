#!lua flags=allow-oom
-- moves due tasks from the schedules to the tails of their queues, and ends pauses that are over.
-- Returns the number moved, ms until the next is due or the next pause is over or -1, 1 if groups have something to do,
-- queue and value of each pause that is none (of a foreign key: nothing and its type), an error for each queue with a
-- foreign key.
local keys = { pauses = KEYS[1], released = KEYS[2], group_times = KEYS[3], groups_ended = KEYS[4] }
local limit = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[4 * i + 1],
    quarantined = KEYS[4 * i + 2],
    bell = KEYS[4 * i + 3],
    scheduled = KEYS[4 * i + 4],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.
-- The end of a pause needs the same clock: claims heed it by themselves, and their children wait for a ring.

local now, left, next = now_ms(), tonumber(limit), -1
local function look_again(at)
  local in_ms = math.max(at - now, 0)
  next = next < 0 and in_ms or math.min(next, in_ms)
end

local function promote(queue)
  local due = left > 0 and redis.call('ZRANGEBYSCORE', queue.scheduled, '-inf', text(now), 'LIMIT', 0, left) or {}
  if #due > 0 then
    enlist(queue, due, false)
    redis.call('ZREMRANGEBYRANK', queue.scheduled, 0, #due - 1)
    left = left - #due
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

local found = pauses_of(keys.pauses, queues)
if found.err then
  foreign = { '', redis.call('TYPE', keys.pauses).ok }
end
for i, queue in ipairs(queues) do
  local wrong = wrong_queues({ queue })
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    promote(queue)
    if found[i] then
      end_pause(queue, found[i])
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
return { tonumber(limit) - left, next, groups, foreign, unpack(refused) }
