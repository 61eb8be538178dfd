#!lua
-- adds a message unless another task has its key; with `replace`, removes that task if it waits.
-- Returns id and queue of the task that now has the key.
local keys = {
  seen = KEYS[1],
  removed = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  limits = KEYS[6],
  slots = KEYS[7],
  rates = KEYS[8],
  paced = KEYS[9],
  waiters = KEYS[10],
  limit_labels = KEYS[11],
}
local seconds, due_from, due_ms, on_conflict, message, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, ARGV[7] do
  queues[i] = {
    name = ARGV[i + 7],
    pending = KEYS[6 * i + 6],
    quarantined = KEYS[6 * i + 7],
    bell = KEYS[6 * i + 8],
    scheduled = KEYS[6 * i + 9],
    held = KEYS[6 * i + 10],
    ready = KEYS[6 * i + 11],
  }
end
local labels = part(ARGV, #queues + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Due `in` or `at` so many ms; `replace` lets a running task go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('string', keys.seen)
  or wrong_type('zset', keys.removed)
  or wrong_targets(queues)
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
wrong = wrong_lines_of(keys, queues, { message, held and select(2, split(held)) or nil })
if wrong then
  return wrong
end

local now = now_ms()
local due = tonumber(due_ms) + (due_from == 'in' and now or 0)
take_key(keys, known_queues, target, message, due, now, held)
redis.call('SETBIT', keys.seen, sequence % 4096, 1)
redis.call('EXPIRE', keys.seen, seconds)
note_labels(keys, labels, { message }, 1)
return { id, queue }
