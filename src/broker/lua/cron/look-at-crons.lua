#!lua flags=allow-oom
-- lets crons that were set at run time be looked at now, after the clock was set back.
-- Returns how many it moved, `most` at most.
local cron_times, cron_lines = KEYS[1], KEYS[2]
local line, after, most = ARGV[1], ARGV[2], ARGV[3]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the earliest time of the line is that of its crons.

local late = redis.call('ZRANGEBYSCORE', cron_times, '(' .. after, '+inf', 'LIMIT', 0, most)
local now = text(now_ms())
for _, name in ipairs(late) do
  redis.call('ZADD', cron_times, now, name)
end
note_earliest(cron_lines, line, cron_times)
return #late
