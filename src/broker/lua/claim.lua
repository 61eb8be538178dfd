#!lua flags=allow-oom
-- pending -> active: acks what the child has done, then gives it up to `limit` tasks over its queues by priority.
--
-- KEYS: 1 session, 2 claims, 3 drain, 4 unique, 5 stats, then per queue: queue, suspects, bell
-- ARGV: 1 child, 2 claim number, 3 limit, or -1 to only tell what the child holds, 4 ids to ack, one behind the other,
--       5.. names of the queues
-- Returns { 1 if repeated, acked, 1 if to drain, { `<queue> <message>` ... }, 1 if its queues hold more }. What is granted comes
--   as one text, separated by zero bytes, which a client reads in a fraction of the time; as a list where that is not safe.
--   A suspect comes alone, and only to a child that holds nothing. To drain: such a task waits, come back empty-handed.
--   One child at a time is told so; the others pass the suspect over.
--
-- Atomic because a task must be in the queue or in the claims, never in neither. A claim number seen before means that
-- its reply was lost: the child gets all that it holds again, and no more. A child that gave up on a reply asks for the
-- same under a new number, so that nobody takes what it starts now for what it had claimed then.

local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last then
  count_stale(KEYS[5], #ARGV[4] / 20)
  return redis.error_reply('LEASE_LOST child is not registered')
end
local number, acks = tonumber(ARGV[2]), {}
for first = 1, #ARGV[4], 20 do
  acks[#acks + 1] = string.sub(ARGV[4], first, first + 19)
end
-- unpack fails from about 8,000 values on, and by then the tasks have left their queue
local limit = math.min(tonumber(ARGV[3]), 1000)
if number < tonumber(last) then
  return redis.error_reply('STALE_CLAIM a later claim of this child was answered')
end

-- sizes are needed anyway, and a foreign key has none: found before anything is written
local size = {}
local function measure(command, key)
  size[key] = redis.pcall(command, KEYS[key])
  return type(size[key]) == 'number'
end
local ours = measure('HLEN', 2)
for key = 6, #KEYS do
  ours = measure('LLEN', key) and ours
end
local wrong = wrong_type('string', 3, 3) or wrong_type('hash', 4, 4)
if wrong or not ours then
  return wrong or wrong_type('hash', 2, 2) or wrong_type('list', 6, #KEYS)
end

local acked = 0
if #acks > 0 then
  acked = redis.call('HDEL', KEYS[2], unpack(acks))
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if limit < 0 or number == tonumber(last) then
  return { 1, acked, 0, redis.call('HVALS', KEYS[2]) }
end
count_stale(KEYS[5], #acks - acked)

local holds = size[2] - acked
local granted, fields, drain, has_zero = {}, {}, 0, false

local function grant(queue, message)
  local id = string.sub(message, 1, 20)
  if (#message < 34 or string.find(id, '[^0-9a-z]')) and not is_foreign(message) then
    -- foreign bytes: kept whole behind an id of our own, so that the child can bury them; equal ones get different ids
    local claimed_as = table.concat({ ARGV[1], ARGV[2], #granted, message }, ' ')
    id = 'undecodable' .. string.sub(redis.sha1hex(claimed_as), 1, 9)
    message = id .. '?' .. message
  end
  if string.byte(message, 35) == 115 then -- `s`: unique until it is started
    free_key(KEYS[4], message)
  end
  local held = queue .. ' ' .. message
  -- JSON has no zero byte, but foreign bytes may
  has_zero = has_zero or string.find(held, '\0', 1, true)
  granted[#granted + 1] = held
  fields[#fields + 1] = id
  fields[#fields + 1] = held
end

-- Takes up to so many from a list, and remembers what is left.
local function take(key, queue, count)
  local messages = size[key] > 0 and redis.call('LPOP', KEYS[key], count) or {}
  size[key] = size[key] - #messages
  for _, message in ipairs(messages) do
    grant(queue, message)
  end
end

-- were every child to drain, one suspect would stop them all; the mark expires with a child that died over it
local function is_drainer()
  local drainer = redis.call('GET', KEYS[3])
  if drainer and drainer ~= ARGV[1] then
    return false
  end
  redis.call('SET', KEYS[3], ARGV[1], 'PX', 5000)
  return true
end

for i = 5, #ARGV do
  local key = 6 + (i - 5) * 3
  if limit > 0 and #granted == 0 and size[key + 1] > 0 then
    if holds == 0 then
      take(key + 1, ARGV[i], 1)
      break
    elseif is_drainer() then
      drain = 1
      break
    end
  end
  if #granted < limit then
    take(key, ARGV[i], limit - #granted)
  end
end

if #fields > 0 then
  redis.call('HSET', KEYS[2], unpack(fields))
end
local more = 0
for key = 6, #KEYS, 3 do
  if size[key] + size[key + 1] > 0 then
    more = 1
    ring(KEYS[key + 2])
  end
end
return { 0, acked, drain, has_zero and granted or table.concat(granted, '\0'), more }
