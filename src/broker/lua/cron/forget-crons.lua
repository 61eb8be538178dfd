#!lua flags=allow-oom
-- deletes crons that no session has declared for long, and marks those that all disable.
-- Returns the number deleted, or -1 if another session was opened meanwhile.
local crons, sessions = KEYS[1], KEYS[2]
local after_ms = ARGV[1]
local known = {}
for i = 1, ARGV[2] do
  known[i] = { name = ARGV[i + 2], session = KEYS[i + 2] }
end
local orphans = {}
for i = 1, #ARGV - (#known + 2) do
  orphans[i] = { name = ARGV[#known + i + 2], cron_runs = KEYS[#known + i + 2] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `known` are the sessions of which the caller knows, `orphans` the crons of which it knows that none declared them before; a
-- record outlives the last session that declared its cron by `after_ms`, and its history goes with it.
--
-- Atomic because a session that declares a cron must not be overlooked. The delay is for deployments that stop the old
-- workers before they start the new ones, while workers of other apps live on: pauses and last runs must survive that.

local known_sessions, histories = by_name(known), by_name(orphans)
local declared, enabled, records = {}, {}, {}
for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
  if not known_sessions[session] then
    return -1
  end
end
for _, its in ipairs(known) do
  local lists, disabled = redis.call('HMGET', its.session, '@crons', '@disabled'), {}
  for name in string.gmatch(lists[2] or '', '%S+') do
    disabled[name] = true
  end
  for name in string.gmatch(lists[1] or '', '%S+') do
    declared[name] = true
    enabled[name] = enabled[name] or not disabled[name]
  end
end
for _, field in ipairs(redis.call('HKEYS', crons)) do
  local name = string.match(field, '^%S*')
  records[name] = records[name] or {}
  table.insert(records[name], field)
end

local now, forgotten = now_ms(), 0
for name, fields in pairs(records) do
  local orphan = name .. ' orphan'
  local since = not declared[name] and noted(redis.call('HGET', crons, orphan))
  if declared[name] then
    redis.call('HDEL', crons, orphan)
    if enabled[name] then
      redis.call('HDEL', crons, name .. ' disabled')
    elseif redis.call('HEXISTS', crons, name .. ' disabled') == 0 then
      redis.call('HSET', crons, name .. ' disabled', text(now))
    end
  elseif not since then
    redis.call('HSET', crons, orphan, text(now))
  elseif now - since >= tonumber(after_ms) and histories[name] then
    redis.call('DEL', histories[name].cron_runs)
    redis.call('HDEL', crons, unpack(fields))
    forgotten = forgotten + 1
  end
end
return forgotten
