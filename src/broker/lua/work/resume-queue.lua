#!lua flags=allow-oom
-- ends the pause of a queue, and rings if that holds tasks.
-- Returns 1, or 0 if no pause held it.
local pauses = KEYS[1]
local queue = { name = ARGV[1], pending = KEYS[2], quarantined = KEYS[3], bell = KEYS[4], held = KEYS[5] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a child that looks in between would find a queue that is neither paused nor announced.

local wrong = wrong_type('hash', pauses) or wrong_queues({ queue })
if wrong then
  return wrong
end
local was_paused = is_paused(redis.call('HGET', pauses, queue.name), now_ms())
reopen(pauses, queue)
return was_paused and 1 or 0
