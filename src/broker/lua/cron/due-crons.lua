#!lua flags=allow-oom
-- reads the crons set at run time that are to be looked at, the longest due first.
-- Returns of each its name, definition, version, `until`, 1 if it is paused, 0 if not, and how many runs were fired, as
-- far as a limit counts them.
local run_time_crons, cron_times, cron_lines = KEYS[1], KEYS[2], KEYS[3]
local line, most = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the earliest time of the line is corrected by what is in it: a cron that another caller adds must not be overlooked. Crons that were
-- removed, and names that others wrote, leave the line.

local due, fields, replies = redis.call('ZRANGEBYSCORE', cron_times, '-inf', text(now_ms()), 'LIMIT', 0, most), {}, {}
for _, name in ipairs(due) do
  for _, field in ipairs({ 'definition', 'version', 'until', 'paused', 'fires' }) do
    fields[#fields + 1] = name .. ' ' .. field
  end
end
local records = #due > 0 and redis.call('HMGET', run_time_crons, unpack(fields))
for i, name in ipairs(due) do
  local definition, version, settled, paused, fires = unpack(records, 5 * i - 4, 5 * i)
  if definition and version and noted(settled) then
    replies[#replies + 1] = { name, definition, version, settled, paused and 1 or 0, noted(fires) or 0 }
  else
    redis.call('ZREM', cron_times, name)
  end
end
note_earliest(cron_lines, line, cron_times)
return replies
