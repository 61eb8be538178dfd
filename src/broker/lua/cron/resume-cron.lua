#!lua flags=allow-oom
-- resumes a cron at the present, without the runs due during the pause, which come into its history.
-- Returns 1, or 0 for an unknown cron.
local crons, run_time_crons, cron_runs = KEYS[1], KEYS[2], KEYS[3]
local cron, settled, count, line, keep, keep_run_time = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `line` is for the history, '' for none: what came due since the cron was settled, if it still is as the caller has read it.
--
-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
if redis.call('HDEL', hash, cron .. ' paused') == 1 then
  if line ~= '' and redis.call('HGET', hash, cron .. ' until') == settled then
    add_to_history(cron_runs, { line }, hash == crons and keep or keep_run_time)
    local missed = noted(redis.call('HGET', hash, cron .. ' missed')) or 0
    redis.call('HSET', hash, cron .. ' missed', text(missed + count))
  end
  redis.call('HDEL', hash, cron .. ' immediate')
  redis.call('HSET', hash, cron .. ' until', text(now_ms()))
end
return 1
