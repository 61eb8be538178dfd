#!lua flags=allow-oom
-- known -> (nowhere): forgets crons that no session has declared for long, with all that was noted of them. Of one that all
-- sessions declare disabled it notes since when.
--
-- KEYS: 1 crons, 2 sessions, session of each
-- ARGV: 1 ms for which a record outlives the last session that declared its cron, 2.. sessions
-- Returns how many were forgotten, or -1 when another session was opened meanwhile.
--
-- Atomic because a session that declares a cron must not be overlooked. The delay is for deployments that stop the old
-- workers before they start the new ones, while workers of other apps live on: pauses and last runs must survive that.

local known, declared, enabled, records = {}, {}, {}, {}
for i = 2, #ARGV do
  known[ARGV[i]] = true
end
for _, session in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if not known[session] then
    return -1
  end
end
for key = 3, #KEYS do
  local lists, disabled = redis.call('HMGET', KEYS[key], '@crons', '@disabled'), {}
  for name in string.gmatch(lists[2] or '', '%S+') do
    disabled[name] = true
  end
  for name in string.gmatch(lists[1] or '', '%S+') do
    declared[name] = true
    enabled[name] = enabled[name] or not disabled[name]
  end
end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local name = string.match(field, '^%S+')
  records[name] = records[name] or {}
  table.insert(records[name], field)
end

local now, forgotten = now_ms(), 0
for name, fields in pairs(records) do
  local orphan = name .. ' orphan'
  local since = not declared[name] and redis.call('HGET', KEYS[1], orphan)
  if declared[name] then
    redis.call('HDEL', KEYS[1], orphan)
    if enabled[name] then
      redis.call('HDEL', KEYS[1], name .. ' disabled')
    elseif redis.call('HEXISTS', KEYS[1], name .. ' disabled') == 0 then
      redis.call('HSET', KEYS[1], name .. ' disabled', text(now))
    end
  elseif not since then
    redis.call('HSET', KEYS[1], orphan, text(now))
  elseif now - since >= tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], unpack(fields))
    forgotten = forgotten + 1
  end
end
return forgotten
