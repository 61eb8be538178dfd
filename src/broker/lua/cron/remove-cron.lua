#!lua flags=allow-oom
-- removes a cron that was set at run time.
-- Returns 1, or 0 for an unknown cron, or another version of it.
local run_time_crons, cron_names, cron_times, cron_runs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local cron, version = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `version` is that which the caller read, '' for any.
--
-- Atomic because a cron that was set again meanwhile must stay. A line that is empty now is removed by the next look at it.

local its_version = redis.call('HGET', run_time_crons, cron .. ' version')
if not its_version or (version ~= '' and version ~= its_version) then
  return 0
end
local fields = {}
for i, field in ipairs(RUN_TIME_CRON_FIELDS) do
  fields[i] = cron .. ' ' .. field
end
redis.call('HDEL', run_time_crons, unpack(fields))
redis.call('ZREM', cron_names, cron)
redis.call('ZREM', cron_times, cron)
redis.call('DEL', cron_runs)
return 1
