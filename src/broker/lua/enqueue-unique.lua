#!lua
-- to pending or scheduled, unless its key is taken; `replace` removes the task that has it while that waits.
-- Returns id and queue of the task that has the key now.
local unique, seen, alarm = KEYS[1], KEYS[2], KEYS[3]
local seconds, due_from, due_ms, on_conflict, message, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, #ARGV - 6 do
  queues[i] = {
    name = ARGV[i + 6],
    pending = KEYS[4 * i],
    suspects = KEYS[4 * i + 1],
    bell = KEYS[4 * i + 2],
    scheduled = KEYS[4 * i + 3],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms; `replace` lets a running task go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', unique) or wrong_type('string', seen)
for _, its in ipairs(queues) do
  -- a foreign bell stops nobody: a child finds the task when it looks by itself
  wrong = wrong or wrong_type('list', its.pending, its.suspects) or wrong_type('zset', its.scheduled)
end
if wrong then
  return wrong
end
local known_queues = by_name(queues)
local id, target = string.sub(message, 1, 20), known_queues[queue]
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', seen, sequence % 4096) == 1 then
  return { id, queue }
end

local digest = unique_digest(message)
local held = redis.call('HGET', unique, digest)
if held and on_conflict ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end

-- the task itself first: should Redis refuse that, nothing has happened yet
local now = now_ms()
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
if due > now then
  schedule(target.scheduled, alarm, due, { message })
else
  redis.call('RPUSH', target.pending, message)
  ring(target.bell)
end
if held then
  local its_name, former = split(held)
  local its_queue = known_queues[its_name]
  if its_queue and redis.call('ZREM', its_queue.scheduled, former) == 0 then
    redis.call('LREM', is_suspect(former) and its_queue.suspects or its_queue.pending, -1, former)
  end
end
redis.call('SETBIT', seen, sequence % 4096, 1)
redis.call('EXPIRE', seen, seconds)
redis.call('HSET', unique, digest, queue .. ' ' .. message)
return { id, queue }
