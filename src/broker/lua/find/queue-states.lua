#!lua flags=no-writes
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
return states
