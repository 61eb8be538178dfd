#!lua flags=allow-oom
-- records how the latest run of a cron ended, also in its history.
-- Returns 1, or 0 for an unknown cron.
local session, crons, run_time_crons, cron_runs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local child, cron, run, is_final, line, keep, keep_run_time = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A final run has ended for good; it counts where the next one is due so long after its end, for which `ended` is there already.
--
-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back. The history is written first: where something foreign has its key, nothing else is written.

local _, lost = registration(session, child)
if lost then
  return lost
end
local hash = hash_of_cron(crons, run_time_crons, cron)
if not hash then
  return 0
end
-- of crons that are set at run time there may be very many
local most = hash == crons and keep or keep_run_time
redis.call('LPUSH', cron_runs, line)
redis.call('LTRIM', cron_runs, 0, most - 1)
redis.call('HSET', hash, cron .. ' run', run)
if is_final == '1' and redis.call('HEXISTS', hash, cron .. ' ended') == 1 then
  redis.call('HSET', hash, cron .. ' ended', text(now_ms()))
end
return 1
