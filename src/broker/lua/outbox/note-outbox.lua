#!lua flags=allow-oom
-- notes how the rows of an outbox stand, and forgets outboxes of which nothing was noted for a day.
-- Returns 1.
local outboxes = KEYS[1]
local outbox, former, note = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A table that was emptied has another id: `former` is the one before, mostly the same.
--
-- Atomic because an outbox must not go that another relay notes meanwhile.

local LASTS_S = 86400
local now = now_ms()
if former ~= outbox then
  redis.call('HDEL', outboxes, former)
end
redis.call('HSET', outboxes, outbox, text(now) .. ' ' .. note)
local notes = redis.call('HGETALL', outboxes)
for i = 1, #notes, 2 do
  local noted_at = noted(string.match(notes[i + 1], '^%d+'))
  if not noted_at or now - noted_at > LASTS_S * 1000 then
    redis.call('HDEL', outboxes, notes[i])
  end
end
redis.call('EXPIRE', outboxes, LASTS_S)
return 1
