#!lua flags=allow-oom
-- marks an active task as cancelled and adds that to the stream.
-- Returns 1, or 0 if the child no longer holds it.
local claims, cancelled, broadcasts = KEYS[1], KEYS[2], KEYS[3]
local id, kept = ARGV[1], ARGV[2]
local answering = {}
for i = 1, #ARGV - 2 do
  answering[i] = { name = ARGV[i + 2], answers = KEYS[i + 3] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a task that has ended or was given back in the meantime must not count as cancelled.

local wrong = wrong_type('hash', claims) or wrong_type('zset', cancelled) or wrong_type('stream', broadcasts)
if wrong then
  return wrong
end
local held = redis.call('HGET', claims, id)
if not held then
  return 0
end
remember_cancelled(cancelled, now_ms(), id)
redis.call('XADD', broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'cancel', 'id', id)
-- who waits for its result need not wait for its end
local _, message = split(held)
if message then
  announce(by_name(answering), message)
end
return 1
