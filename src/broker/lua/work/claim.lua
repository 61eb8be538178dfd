#!lua flags=allow-oom
-- acks finished tasks of a child, then gives it tasks of its queues, by priority.
-- Returns 1 if repeated (-1 if limits or lines are to be heeded: nothing was done), the number acked, 1 if to drain,
-- `<queue> <message>` of each task, 1 if queues that are not paused hold more, the names of its paused queues, the ids
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

-- `acks` are ids one behind the other; a `limit` of -1 only lists what the child holds. The claimed tasks come as one text,
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
if is_new and (any_quarantined and is_limited_first(queues) or any_rare and have_limits(queues, gates)) then
  return { -1, 0, 0, '', 0, '', '' }
end

local acked = 0
if #ids > 0 then
  acked = redis.call('HDEL', claims, unpack(ids))
end
redis.call('HSET', session, child, number)

if most < 0 or claim_number == tonumber(last) then
  local all, stopped = all_held(claims, groups)
  return { 1, acked, 0, all, 0, '', stopped }
end
count_stale(stats, #ids - acked)

local paused
if any_rare and redis.call('EXISTS', pauses) == 1 then
  queues, paused = without_paused(pauses, queues)
end

holds = holds - acked
local granted, fields, to_drain, has_zero = {}, {}, 0, false
-- the ids of those that must not start, because somebody has stopped their group
local stopped, stops = {}, {}

local function grant(queue, message)
  local id
  id, message = claimed_as(child, number, #granted, message)
  -- `[`: no tag, as most have none; a call for each would be felt
  if string.byte(message, 35) ~= 91 then
    heed_tags(unique, groups, stops, stopped, id, message)
  end
  local held = queue.name .. ' ' .. message
  -- JSON has no zero byte, but foreign bytes may
  has_zero = has_zero or string.find(held, '\0', 1, true)
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
    elseif is_drainer(drain, child) then
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
return { 0, acked, to_drain, has_zero and granted or table.concat(granted, '\0'), more, paused or '', table.concat(stopped) }
