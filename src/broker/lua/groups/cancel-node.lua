#!lua flags=allow-oom
-- cancels a task that waits for others of its flow.
-- Returns 1, or 0 if it waits there no longer.
local keys = {
  cancelled = KEYS[1],
  alarm = KEYS[2],
  endings = KEYS[3],
  catalog = KEYS[4],
  groups = KEYS[5],
  group_times = KEYS[6],
  groups_ended = KEYS[7],
  released = KEYS[8],
}
local id = ARGV[1]
local queues = {}
for i = 1, ARGV[2] do
  queues[i] = { name = ARGV[i + 2], pending = KEYS[2 * i + 7], bell = KEYS[2 * i + 8] }
end
local answering = {}
for i = 1, #ARGV - (#queues + 2) do
  answering[i] = { name = ARGV[#queues + i + 2], answers = KEYS[2 * #queues + i + 8] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- What waits for it goes on without it, or dies, as after every other end.
--
-- Atomic because a task that was sent in the meantime must not count as cancelled.

local wrong = wrong_type('zset', keys.cancelled) or wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local queue, message = split(redis.call('HGET', keys.groups, id) or '')
-- under the id of a group lies no task
if not message or not member_of(message) then
  return 0
end
redis.call('HDEL', keys.groups, id)
remember_cancelled(keys.cancelled, now_ms(), id)
note_ending(keys, queue, message, 'cancelled')
announce(by_name(answering), message)
leave_group(keys, by_name(queues), message, 'cancelled')
return 1
