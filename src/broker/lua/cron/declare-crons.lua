#!lua flags=allow-oom
-- records the crons of an app; a new, changed or enabled one begins at the present.
-- Returns 1.
local crons = KEYS[1]
local tolerance_ms = ARGV[1]
local entries = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An entry is name, schedule, definition, and for a cron that heeds releases its delay in ms, 1 for a run or 0, and the release, else `''`. The
-- tolerance says how far a record may be ahead of the clock.
--
-- Atomic because a record without a beginning would make up for every run since 1970. One that is far ahead was written
-- under a clock that has been set back since: left as it is, the cron would stand still until the clock gets there again. So would the run of a
-- release.
-- A cron whose limit was reached, and that has a higher one or none now, has missed nothing since.
-- A worker that disables a cron leaves the record alone while others may fire it; forget-crons notes when none does.

local MOST_RELEASES = 10

local function is_disabled(definition)
  -- within a string of JSON its quotes would be escaped
  return definition and string.find(definition, '"disabled":true', 1, true)
end

local function limit_of(definition)
  return tonumber(string.match(definition or '', '"limit":(%d+)'))
end

-- Whether all runs of a cron were fired under its former definition, and more are to be under the new one.
local function goes_on(name, former, definition)
  local limit = limit_of(former)
  local fires = limit and noted(redis.call('HGET', crons, name .. ' fires'))
  return fires and fires >= limit and fires < (limit_of(definition) or math.huge)
end

local now = now_ms()

-- A release is new once: an older worker that starts again, and a rollback, change nothing. Of the last ones as many are remembered: the newest, then
-- those that were declared last, so that one which a rollback has brought back outlives those that nobody runs.
local function open_release(name, given)
  local delay_ms, runs, release = string.match(given, '^(%d+) ([01]) (%S+)$')
  if not release then
    return
  end
  local known = redis.call('HGET', crons, name .. ' releases') or ''
  local newest = string.match(known, '%S+')
  local is_new = not string.find(' ' .. known .. ' ', ' ' .. release .. ' ', 1, true)
  local releases = { is_new and release or newest, not is_new and release ~= newest and release or nil }
  for former in string.gmatch(known, '%S+') do
    if former ~= newest and former ~= release or is_new then
      releases[#releases + 1] = #releases < MOST_RELEASES and former or nil
    end
  end
  redis.call('HSET', crons, name .. ' releases', table.concat(releases, ' '))
  local begins, noted_begins = now + tonumber(delay_ms), noted(redis.call('HGET', crons, name .. ' begins'))
  local is_ahead = release == newest and noted_begins and noted_begins > begins + tolerance_ms
  if is_new or is_ahead then
    local is_due = is_new and runs == '1' or is_ahead and redis.call('HEXISTS', crons, name .. ' immediate') == 1
    redis.call('HSET', crons, name .. ' begins', text(begins))
    redis.call('HDEL', crons, name .. ' immediate')
    if is_due then
      redis.call('HSET', crons, name .. ' immediate', text(begins))
    end
  end
end

for i = 1, #entries, 4 do
  local name, expression, definition = entries[i], entries[i + 1], entries[i + 2]
  local former = redis.call('HMGET', crons, name .. ' schedule', name .. ' until', name .. ' definition', name .. ' disabled')
  local settled, idle = noted(former[2]), former[4] or is_disabled(former[3])
  if not settled or idle or not is_disabled(definition) then
    if former[1] ~= expression then
      redis.call('HDEL', crons, name .. ' fires')
      settled = now
    elseif not settled or settled > now + tolerance_ms or idle or goes_on(name, former[3], definition) then
      settled = now
    end
    redis.call('HSET', crons, name .. ' schedule', expression, name .. ' definition', definition, name .. ' until', text(settled))
    if not is_disabled(definition) then
      redis.call('HDEL', crons, name .. ' disabled')
      open_release(name, entries[i + 3])
    end
  end
end
return 1
