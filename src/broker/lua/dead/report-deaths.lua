#!lua flags=allow-oom
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
return deaths
