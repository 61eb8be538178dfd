#!lua
-- opens a batch or a flow.
-- Returns 1, or 0 if it is there.
local keys = { groups = KEYS[1], group_times = KEYS[2], group_index = KEYS[3], alarm = KEYS[4] }
local group, kind, policy, about, unsealed_ms, deadline_ms, done, failed = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `policy` is `fail` or `end`, see lib/groups.lua; `about` its name and more; `done` and `failed` are `<queue> <message>`, '' for none. It
-- may be added to for `unsealed_ms`, and has `deadline_ms`, '' for no end.
--
-- Atomic because a group without a time for its end could stay for ever. A repetition changes nothing.

local wrong = wrong_type('hash', keys.groups) or wrong_type('zset', keys.group_times, keys.group_index)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.groups, group) == 1 then
  return 0
end
local now = now_ms()
redis.call('HSET', keys.groups, group, kind .. ' ' .. policy .. ' open 1 0 0 0 0 0 0 0 0', group .. ' about', about)
if done ~= '' then
  redis.call('HSET', keys.groups, group .. ' done', done)
end
if failed ~= '' then
  redis.call('HSET', keys.groups, group .. ' failed', failed)
end
redis.call('ZADD', keys.group_times, text(now + unsealed_ms), group .. ' unsealed')
if deadline_ms ~= '' then
  redis.call('ZADD', keys.group_times, text(now + deadline_ms), group .. ' deadline')
end
redis.call('ZADD', keys.group_index, text(now), group)
ring(keys.alarm)
return 1
