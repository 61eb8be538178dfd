#!lua flags=allow-oom
-- notes how long queues are and how old their oldest task is, once a minute.
-- Returns 0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms; the number of queues.
local keys = {
  metrics = KEYS[1],
  metrics_ten = KEYS[2],
  totals = KEYS[3],
  endings = KEYS[4],
  gates = KEYS[5],
  waiters = KEYS[6],
}
local minute = ARGV[1]
local queues = {}
for i = 1, #ARGV - 1 do
  queues[i] = {
    name = ARGV[i + 1],
    pending = KEYS[5 * i + 2],
    quarantined = KEYS[5 * i + 3],
    scheduled = KEYS[5 * i + 4],
    held = KEYS[5 * i + 5],
    ready = KEYS[5 * i + 6],
  }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The first worker that comes in a minute samples a queue. Ten minutes have the lengths of their beginning and the greatest
-- age. A caller whose minute is not that of Redis asks again with the right one.
--
-- Atomic because the lengths of a queue are of one moment, and each is sampled once.

local now = now_ms()
if math.floor(now / 60000) ~= tonumber(minute) then
  return { 0, now }
end
local wrong = wrong_metrics(keys)
if wrong then
  return wrong
end

-- How long the next task of the queue has waited, or the first scheduled task is overdue, in ms.
local function oldest_age(queue)
  local head = next_of(keys, queue)
  local since = head and tonumber(string.sub(head, 26, 34), 36) or now
  local first = redis.call('ZRANGE', queue.scheduled, 0, 0, 'WITHSCORES')
  return math.max(now - math.min(since, tonumber(first[2]) or now), 0)
end

local sampled = 0
for _, queue in ipairs(queues) do
  if redis.call('HEXISTS', keys.metrics, queue.name) == 0 and not wrong_queues({ queue })
    and not wrong_places({ queue }) then
    local age = oldest_age(queue)
    local may_start, held_back = count_pending(keys, queue)
    local sample = {
      pending = may_start,
      held = held_back,
      quarantined = redis.call('LLEN', queue.quarantined),
      scheduled = redis.call('ZCARD', queue.scheduled),
      oldest = age,
    }
    write_counts(keys.metrics, queue.name, sample)
    local former = redis.call('HGET', keys.metrics_ten, queue.name)
    local ten = former and read_counts(former) or sample
    ten.oldest = math.max(ten.oldest or 0, age)
    write_counts(keys.metrics_ten, queue.name, ten)
    sampled = sampled + 1
  end
end
add_endings(keys)
keep_metrics(keys)
return { 1, now, sampled }
