#!lua flags=allow-oom
-- pauses a queue, for a time or until it is resumed; a repeated command changes nothing.
-- Returns the pause.
local pauses, alarm = KEYS[1], KEYS[2]
local queue, for_ms, id, details = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a pause under way keeps its beginning. A command that arrives again finds its own id; were it executed
-- again, a timed pause would last longer.

local wrong = wrong_type('hash', pauses)
if wrong then
  return wrong
end
local now, pause = now_ms(), redis.call('HGET', pauses, queue)
if pause and string.find(pause, '"id":"' .. id .. '"', 1, true) then
  return pause
end
local since = is_paused(pause, now) and string.match(pause, '"since":(%d+)') or text(now)
local ends = for_ms == '' and '0' or text(now + for_ms)
pause = ends .. ' {"since":' .. since .. ',"until":' .. ends .. ',"id":"' .. id .. '",' .. details
redis.call('HSET', pauses, queue, pause)
if for_ms ~= '' then
  ring(alarm)
end
return pause
