#!lua
-- (nowhere) -> pending: enqueues runs of a cron that have come due, each instant once in the whole cluster.
--
-- KEYS: 1 crons, 2 queue, 3 bell, 4 unique
-- ARGV: 1 cron, 2 name of the queue, then per run, oldest first: its instant in ms since 1970, its message
-- Returns { fired, skipped, queue, run }, both 0 when others were faster; or { -1, 0 } when nothing is known of the cron.
--   A run with a key that is taken is skipped: an earlier one waits or is under way, in `queue` ('' for none). `run` tells how
--   the last run ended (JSON, '' for none).
--
-- Atomic because of all supervisors that try, one must find the instant unsettled. Without allow-oom: a full Redis refuses
-- before the first write, and the instant stays due.

local wrong = wrong_type('hash', 1, 1) or wrong_type('list', 2, 3) or wrong_type('hash', 4, 4)
if wrong then
  return wrong
end
local name, now = ARGV[1], now_ms()
local record = redis.call('HMGET', KEYS[1], name .. ' until', name .. ' paused', name .. ' run')
local settled = tonumber(record[1])
if not settled then
  return { -1, 0 }
end
if record[2] then
  return { 0, 0, '', '' }
end

local messages, skipped, fired_at, held_in = {}, 0, nil, ''
for i = 3, #ARGV, 2 do
  local instant, message = tonumber(ARGV[i]), ARGV[i + 1]
  if instant > settled and instant <= now then
    settled = instant
    local digest = unique_digest(message)
    local holder = digest and redis.call('HGET', KEYS[4], digest)
    if holder then
      skipped = skipped + 1
      held_in = string.match(holder, '^%S+')
    else
      if digest then
        redis.call('HSET', KEYS[4], digest, ARGV[2] .. ' ' .. message)
      end
      messages[#messages + 1] = message
      fired_at = instant
    end
  end
end

if #messages > 0 then
  redis.call('RPUSH', KEYS[2], unpack(messages))
  ring(KEYS[3])
  redis.call('HSET', KEYS[1], name .. ' fired', text(fired_at))
end
if skipped > 0 then
  redis.call('HINCRBY', KEYS[1], name .. ' skipped', skipped)
end
redis.call('HSET', KEYS[1], name .. ' until', text(settled))
return { #messages, skipped, held_in, record[3] or '' }
