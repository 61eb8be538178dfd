-- Adds lines to the history of a cron, the oldest first. It is for people: where something foreign has its key, the lines are given up, and the runs
-- of a cron are not.
local function add_to_history(cron_runs, lines, keep)
  if #lines > 0 then
    redis.pcall('LPUSH', cron_runs, unpack(lines))
    redis.pcall('LTRIM', cron_runs, 0, keep - 1)
  end
end
