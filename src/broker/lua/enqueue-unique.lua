#!lua
-- (nowhere) -> pending or scheduled: adds a message with a key, unless the key is taken.
--
-- KEYS: 1 unique, 2 seen bitmap of the id's block, 3 alarm, then per queue: queue, suspects, bell, scheduled
-- ARGV: 1 seconds the bitmap lives on, 2 `in` or `at`, 3 ms from now or since 1970, 4 `replace`, or what else to do on a
--       conflict, 5 message, 6 its queue, 7.. names of the queues
-- Returns { id, queue } of the task that has the key now. `replace` removes a task that still waits and lets a running one go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', 1, 1) or wrong_type('string', 2, 2)
local queues = {}
for i = 7, #ARGV do
  local key = 4 + (i - 7) * 4
  queues[ARGV[i]] = { queue = KEYS[key], suspects = KEYS[key + 1], bell = KEYS[key + 2], scheduled = KEYS[key + 3] }
  wrong = wrong or wrong_type('list', key, key + 1) or wrong_type('zset', key + 3, key + 3)
end
if wrong then
  return wrong
end
local message, keys = ARGV[5], queues[ARGV[6]]
local id = string.sub(message, 1, 20)
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', KEYS[2], sequence % 4096) == 1 then
  return { id, ARGV[6] }
end

local digest = unique_digest(message)
local held = redis.call('HGET', KEYS[1], digest)
if held and ARGV[4] ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end

-- the task itself first: should Redis refuse that, nothing has happened yet
local now = now_ms()
local due = tonumber(ARGV[3]) + (ARGV[2] == 'in' and now or 0)
if due > now then
  schedule(keys.scheduled, KEYS[3], due, { message })
else
  redis.call('RPUSH', keys.queue, message)
  ring(keys.bell)
end
if held then
  local its_queue, former = split(held)
  local its_keys = queues[its_queue]
  if its_keys and redis.call('ZREM', its_keys.scheduled, former) == 0 then
    redis.call('LREM', is_suspect(former) and its_keys.suspects or its_keys.queue, -1, former)
  end
end
redis.call('SETBIT', KEYS[2], sequence % 4096, 1)
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], digest, ARGV[6] .. ' ' .. message)
return { id, ARGV[6] }
