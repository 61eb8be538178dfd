#!lua flags=allow-oom
-- returns tasks to the heads of their queues, uncounted.
-- Returns the number returned; 0 if the child has claimed again.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, claim_number = ARGV[1], ARGV[2]
local queues = {}
for i = 1, ARGV[3] do
  queues[i] = {
    name = ARGV[i + 3],
    pending = KEYS[8 * i + 10],
    quarantined = KEYS[8 * i + 11],
    bell = KEYS[8 * i + 12],
    scheduled = KEYS[8 * i + 13],
    dead = KEYS[8 * i + 14],
    records = KEYS[8 * i + 15],
    held = KEYS[8 * i + 16],
    ready = KEYS[8 * i + 17],
  }
end
local ids = part(ARGV, #queues + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `claim_number` must still be the child's last, or is '' for any.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last, lost = registration(keys.session, child)
if lost then
  return lost
end
if claim_number ~= '' and claim_number ~= last then
  return 0
end

local wrong = wrong_keys(keys) or wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local known_queues, tasks, named = by_name(queues), {}, {}
for _, id in ipairs(ids) do
  local held = not named[id] and redis.call('HGET', keys.claims, id)
  named[id] = true
  tasks[#tasks + 1] = held and held_task(keys.claims, id, held, known_queues) or nil
end
local claimed = {}
for i, task in ipairs(tasks) do
  claimed[i] = task.claimed
end
wrong = wrong_lines_of(keys, queues, claimed)
if wrong then
  return wrong
end
put_back(keys, tasks)
return #tasks
