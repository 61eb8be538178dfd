#!lua flags=allow-oom
-- dead -> pending: lets dead tasks run again, from the tail of their queue, as if they had just been sent.
--
-- KEYS: 1 dead, 2 dead records, 3 queue, 4 bell, 5 unique, 6 cancelled
-- ARGV: 1 name of the queue, 2.. id and time of death in ms of each, at most 500
-- Returns for each 1; 0 when that death is not there; -1 when its message has no header to reset, and then it stays dead
--   The counters start anew. The history stays and gets a line. A unique task takes its key if that is free, and runs
--   without it otherwise. Who was cancelled and died is wanted again.
--
-- Atomic because a task must be among the dead or in the queue. The time of death guards a copy of this command that
-- arrives late: by then the task may have run and died once more. With allow-oom: a pending task takes less than a dead one.

local wrong = wrong_type('zset', 1, 1) or wrong_type('hash', 2, 2) or wrong_type('list', 3, 4) or wrong_type('hash', 5, 5) or wrong_type('zset', 6, 6)
if wrong then
  return wrong
end

local now = now_ms()
local line = '\n{"at":' .. text(now) .. ',"code":"REDRIVEN"}'
local answers, ids, messages, named = {}, {}, {}, {}

-- Foreign bytes and other versions of the header are nobody's to rewrite.
local function with_new_header(id, message)
  local header = string.sub(message, 1, 34)
  if #header == 34 and string.find(header, '^[0-9a-z]+$') and string.sub(header, 1, 21) == id .. '1' then
    return id .. '10000' .. base36(now, 9) .. string.sub(message, 35)
  end
end

for i = 2, #ARGV, 2 do
  local id, answer = ARGV[i], 0
  local died_at = redis.call('ZSCORE', KEYS[1], id)
  if died_at and tonumber(died_at) == tonumber(ARGV[i + 1]) and not named[id] then
    named[id] = true
    local record = redis.call('HGET', KEYS[2], id) or ''
    local message = with_new_header(id, string.sub(record, (string.find(record, '\n', 1, true) or #record) + 1))
    answer = message and 1 or -1
    if message then
      ids[#ids + 1] = id
      messages[#messages + 1] = remembered(message, line)
    end
  end
  answers[#answers + 1] = answer
end

if #ids > 0 then
  -- in this order: should a later write be refused, a task is there twice rather than not at all
  redis.call('RPUSH', KEYS[3], unpack(messages))
  -- else it would end without a trace when it is given back or retried
  redis.call('ZREM', KEYS[6], unpack(ids))
  redis.call('ZREM', KEYS[1], unpack(ids))
  redis.call('HDEL', KEYS[2], unpack(ids))
  for _, message in ipairs(messages) do
    local digest = unique_digest(message)
    if digest then
      redis.call('HSETNX', KEYS[5], digest, ARGV[1] .. ' ' .. message)
    end
  end
  ring(KEYS[4])
end
return answers
