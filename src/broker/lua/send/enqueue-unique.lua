#!lua
-- adds a message unless another task has its key; with `replace`, removes that task if it waits.
-- Returns id and queue of the task that now has the key.
local keys = { seen = KEYS[1], removed = KEYS[2], unique = KEYS[3], cancelled = KEYS[4], alarm = KEYS[5] }
local seconds, due_from, due_ms, on_conflict, message, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, #ARGV - 6 do
  queues[i] = {
    name = ARGV[i + 6],
    pending = KEYS[4 * i + 2],
    quarantined = KEYS[4 * i + 3],
    bell = KEYS[4 * i + 4],
    scheduled = KEYS[4 * i + 5],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms; `replace` lets a running task go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('string', keys.seen)
  or wrong_type('zset', keys.removed)
for _, its in ipairs(queues) do
  -- a foreign bell stops no child: each finds the task when it looks by itself
  wrong = wrong or wrong_type('list', its.pending, its.quarantined) or wrong_type('zset', its.scheduled)
end
if wrong then
  return wrong
end
local known_queues = by_name(queues)
local id, target = string.sub(message, 1, 20), known_queues[queue]
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', keys.seen, sequence % 4096) == 1 then
  return { id, queue }
end

local digest = unique_digest(message)
local held = redis.call('HGET', keys.unique, digest)
if held and on_conflict ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end

-- the task itself first: should Redis refuse that, nothing has happened yet
local now = now_ms()
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
if due > now then
  schedule(target.scheduled, keys.alarm, due, { message })
else
  enlist_new(target, { message })
end
if held then
  local its_name, former = split(held)
  local its_queue = known_queues[its_name]
  local removed = its_queue and remove(keys, its_queue, 'scheduled', former) or 0
  if its_queue and removed == 0 then
    removed = remove(keys, its_queue, is_quarantined(former) and 'quarantined' or 'pending', former)
  end
  if removed > 0 and result_tag(former) then
    remember_removed(keys.removed, now, { text(now), string.sub(former, 1, 20) })
  end
end
redis.call('SETBIT', keys.seen, sequence % 4096, 1)
redis.call('EXPIRE', keys.seen, seconds)
redis.call('HSET', keys.unique, digest, queue .. ' ' .. message)
return { id, queue }
