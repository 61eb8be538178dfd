#!lua
-- adds a cron at run time, or changes it.
-- Returns 2 for a new cron, 1 for one that was there; 0 if another caller was faster, -1 if workers declare one of this
-- name, -2 if there are too many.
local keys = {
  crons = KEYS[1],
  run_time_crons = KEYS[2],
  cron_names = KEYS[3],
  cron_lines = KEYS[4],
  alarm = KEYS[5],
}
local cron, definition, before, anew, former_limit, limit, set_by, most, look_at, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local former = { cron_times = KEYS[6] }
local line = { name = ARGV[11], cron_times = KEYS[7] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `former` is the line of the cron as the caller read it, `before` its definition then, '' for none. `anew` is 1 where its times are others. `setBy` is JSON.
-- `limit` is '' for none, and so is `formerLimit`.
--
-- Atomic because two callers must not leave a cron in two lines, and a worker must not fire by a definition that has gone: it compares the version.
-- A limit counts the runs since the times are what they are. One that goes on by another limit has missed nothing since; one that ends by it is kept for
-- as long as if its last run had been now.
-- The worker that first looks at the cron finds its next time. It looks now, unless the times are others and the first one comes later: else a hundred
-- thousand that are set at once would keep a worker from those that are due. `lookAt` is the first time after `after`: a clock that is earlier than that
-- has others before, so a worker looks now. Without allow-oom: a full Redis refuses.

local wrong = wrong_type('hash', keys.crons, keys.run_time_crons)
  or wrong_type('zset', keys.cron_names, keys.cron_lines, former.cron_times, line.cron_times)
  or wrong_type('list', keys.alarm)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.crons, cron .. ' schedule') == 1 then
  return -1
end
if (redis.call('HGET', keys.run_time_crons, cron .. ' definition') or '') ~= before then
  return 0
end
if before == '' and redis.call('ZCARD', keys.cron_names) >= tonumber(most) then
  return -2
end

local now = now_ms()
if former.cron_times ~= line.cron_times then
  redis.call('ZREM', former.cron_times, cron)
end
-- of a count for all: one that is removed and set again has no version that it had before
local version = redis.call('HINCRBY', keys.run_time_crons, '@versions', 1)
redis.call('HSET', keys.run_time_crons, cron .. ' definition', definition, cron .. ' version', version, cron .. ' set', set_by)
local fires = noted(redis.call('HGET', keys.run_time_crons, cron .. ' fires')) or 0

local function is_reached(of)
  return of ~= '' and fires >= tonumber(of)
end

local first_look = now
if anew == '1' then
  redis.call('HDEL', keys.run_time_crons, cron .. ' fires')
  first_look = now >= tonumber(after) and math.max(now, tonumber(look_at)) or now
end
if anew == '1' or is_reached(former_limit) ~= is_reached(limit) then
  redis.call('HSET', keys.run_time_crons, cron .. ' until', text(now))
end
redis.call('ZADD', keys.cron_names, 0, cron)
redis.call('ZADD', line.cron_times, text(first_look), cron)
redis.call('ZADD', keys.cron_lines, 'LT', text(first_look), line.name)
ring(keys.alarm)
return before == '' and 2 or 1
