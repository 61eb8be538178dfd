
-- All that the hash has of a cron.
local RUN_TIME_CRON_FIELDS = { 'definition', 'version', 'set', 'until', 'paused', 'fired', 'skipped', 'missed', 'fires', 'run' }

-- A record so far ahead was written under a clock that has been set back since.
local AHEAD_MS = 60000

-- Notes when the first cron of a line is to be looked at; a line without crons is forgotten.
local function note_earliest(cron_lines, line, cron_times)
  local _, first = unpack(redis.call('ZRANGE', cron_times, 0, 0, 'WITHSCORES'))
  if first then
    redis.call('ZADD', cron_lines, first, line)
  else
    redis.call('ZREM', cron_lines, line)
  end
end

-- The hash that has a cron: of those that workers declare, or of those that were set at run time. Returns nothing for an unknown cron.
local function hash_of_cron(crons, run_time_crons, cron)
  if redis.call('HEXISTS', crons, cron .. ' schedule') == 1 then
    return crons
  end
  if redis.call('HEXISTS', run_time_crons, cron .. ' definition') == 1 then
    return run_time_crons
  end
end
