#!lua flags=allow-oom
-- active to pending or suspect: gives tasks back to the head of their queues, uncounted; a cancelled one ends.
-- Returns how many were given back; 0 when the child has claimed again.
local session, claims, cancelled, unique = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local child, claim_number = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[3 * i + 2],
    suspects = KEYS[3 * i + 3],
    bell = KEYS[3 * i + 4],
  }
end
local ids = part(ARGV, #queues + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `claim_number` must still be the child's last, or is '' for any.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last = redis.call('HGET', session, child)
if not last then
  return redis.error_reply('LEASE_LOST child is not registered')
end
if claim_number ~= '' and claim_number ~= last then
  return 0
end

local wrong = wrong_type('hash', claims, unique) or wrong_type('zset', cancelled) or wrong_queues(queues)
if wrong then
  return wrong
end
local known_queues, tasks, found, named = by_name(queues), {}, {}, {}
for _, id in ipairs(ids) do
  local held = redis.call('HGET', claims, id)
  if held and not named[id] then
    named[id] = true
    local task = task_held(held, known_queues)
    if task.err then
      return task
    end
    tasks[#tasks + 1] = task
    found[#found + 1] = id
  end
end

if #found > 0 then
  -- in this order: should the second write be refused, a task is there twice rather than not at all
  put_back(still_wanted(tasks, cancelled, unique))
  redis.call('HDEL', claims, unpack(found))
end
return #found
