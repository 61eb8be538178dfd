/** The text of each file in lua/, by its name. `npm run generate` writes this module: edit the Lua files instead. */
export const LUA = {
  'ack': `#!lua flags=allow-oom
-- active -> done: forgets tasks that the child has finished, and frees their keys.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 stats
-- ARGV: 1 child, 2.. ids
-- Returns how many the child still held. Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  count_stale(KEYS[4], #ARGV - 1)
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3)
if wrong then
  return wrong
end
local keyed = redis.call('EXISTS', KEYS[3]) == 1
for _, held in ipairs(keyed and redis.call('HMGET', KEYS[2], unpack(ARGV, 2)) or {}) do
  if held then
    free_key(KEYS[3], select(2, split(held)))
  end
end
return redis.call('HDEL', KEYS[2], unpack(ARGV, 2))`,
  'broadcast': `#!lua
-- (nowhere) -> the stream: appends calls for every worker, each id once, and lets go of the oldest entries.
--
-- KEYS: 1 broadcasts, 2 seen bitmap of the block that all ids share
-- ARGV: 1 seconds the bitmap lives on, 2 entries to keep, 3.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the entry must appear together, as in enqueue.lua.

return let_in(KEYS[2], ARGV[1], 3, function(fresh)
  for _, message in ipairs(fresh) do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'call', 'message', message)
  end
end)`,
  'bury': `#!lua flags=allow-oom
-- active -> dead: keeps a task that will not run again, with the report of its error, and frees its key; a cancelled one
-- ends without a trace instead.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 dead, 5 dead records, 6 cancelled
-- ARGV: 1 child, 2 id, 3 report (one line of JSON), 4 line for the history, or '',
--       5 counters and time of the message (its characters 22 to 34), or ''
-- Returns 1, or 0 when the child no longer held the task.
--
-- Atomic because a task must be among the claims or the dead, never in both or neither. The counters guard a copy of this
-- command that arrives late: somebody may have sent the task again, and the same child may hold it.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('zset', 4, 4) or wrong_type('hash', 5, 5) or wrong_type('zset', 6, 6)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local _, message = split(held)
if ARGV[5] ~= '' and string.sub(message, 22, 34) ~= ARGV[5] then
  return 0
end
free_key(KEYS[3], message)
if is_cancelled(KEYS[6], message) then
  return redis.call('HDEL', KEYS[2], ARGV[2])
end
if ARGV[4] ~= '' then
  message = remembered(counted(message, 22, 23), ARGV[4])
end
redis.call('ZADD', KEYS[4], text(now_ms()), ARGV[2])
redis.call('HSET', KEYS[5], ARGV[2], ARGV[3] .. '\\n' .. message)
redis.call('HDEL', KEYS[2], ARGV[2])
return 1`,
  'cancel-active': `#!lua flags=allow-oom
-- Marks an active task as cancelled, so that it never runs again, and tells every supervisor.
--
-- KEYS: 1 claims of the child that holds it, 2 cancelled, 3 broadcasts
-- ARGV: 1 id, 2 entries that the stream keeps
-- Returns 1, or 0 when the child holds it no more.
--
-- Atomic because a task that has ended or was given back in the meantime must not count as cancelled.

local wrong = wrong_type('hash', 1, 1) or wrong_type('zset', 2, 2) or wrong_type('stream', 3, 3)
if wrong then
  return wrong
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
remember_cancelled(KEYS[2], now_ms(), ARGV[1])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'cancel', 'id', ARGV[1])
return 1`,
  'cancel-waiting': `#!lua flags=allow-oom
-- pending or scheduled -> cancelled: removes a task that waits, and frees its key.
--
-- KEYS: 1 list or sorted set where it waits, 2 cancelled, 3 unique
-- ARGV: 1 the whole message
-- Returns 1, or 0 when it waits there no more.
--
-- Atomic because a task that a worker has claimed in the meantime must not count as cancelled.

local wrong = wrong_type('zset', 2, 2) or wrong_type('hash', 3, 3)
if wrong then
  return wrong
end
local removed
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  removed = redis.call('ZREM', KEYS[1], ARGV[1])
else
  -- from the tail: what is cancelled was mostly sent of late
  removed = redis.call('LREM', KEYS[1], -1, ARGV[1])
end
if removed > 0 then
  remember_cancelled(KEYS[2], now_ms(), string.sub(ARGV[1], 1, 20))
  free_key(KEYS[3], ARGV[1])
end
return removed`,
  'claim': `#!lua flags=allow-oom
-- pending -> active: acks what the child has done, then gives it up to \`limit\` tasks over its queues by priority.
--
-- KEYS: 1 session, 2 claims, 3 drain, 4 unique, 5 stats, then per queue: queue, suspects, bell
-- ARGV: 1 child, 2 claim number, 3 limit, or -1 to only tell what the child holds, 4 ids to ack, one behind the other,
--       5.. names of the queues
-- Returns { 1 if repeated, acked, 1 if to drain, { \`<queue> <message>\` ... }, 1 if its queues hold more }. What is granted comes
--   as one text, separated by zero bytes, which a client reads in a fraction of the time; as a list where that is not safe.
--   A suspect comes alone, and only to a child that holds nothing. To drain: such a task waits, come back empty-handed.
--   One child at a time is told so; the others pass the suspect over.
--
-- Atomic because a task must be in the queue or in the claims, never in neither. A claim number seen before means that
-- its reply was lost: the child gets all that it holds again, and no more. A child that gave up on a reply asks for the
-- same under a new number, so that nobody takes what it starts now for what it had claimed then.

local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last then
  count_stale(KEYS[5], #ARGV[4] / 20)
  return redis.error_reply('LEASE_LOST child is not registered')
end
local number, acks = tonumber(ARGV[2]), {}
for first = 1, #ARGV[4], 20 do
  acks[#acks + 1] = string.sub(ARGV[4], first, first + 19)
end
-- unpack fails from about 8,000 values on, and by then the tasks have left their queue
local limit = math.min(tonumber(ARGV[3]), 1000)
if number < tonumber(last) then
  return redis.error_reply('STALE_CLAIM a later claim of this child was answered')
end

-- sizes are needed anyway, and a foreign key has none: found before anything is written
local size = {}
local function measure(command, key)
  size[key] = redis.pcall(command, KEYS[key])
  return type(size[key]) == 'number'
end
local ours = measure('HLEN', 2)
for key = 6, #KEYS do
  ours = measure('LLEN', key) and ours
end
local wrong = wrong_type('string', 3, 3) or wrong_type('hash', 4, 4)
if wrong or not ours then
  return wrong or wrong_type('hash', 2, 2) or wrong_type('list', 6, #KEYS)
end

local acked = 0
if #acks > 0 then
  acked = redis.call('HDEL', KEYS[2], unpack(acks))
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if limit < 0 or number == tonumber(last) then
  return { 1, acked, 0, redis.call('HVALS', KEYS[2]) }
end
count_stale(KEYS[5], #acks - acked)

local holds = size[2] - acked
local granted, fields, drain, has_zero = {}, {}, 0, false

local function grant(queue, message)
  local id = string.sub(message, 1, 20)
  if (#message < 34 or string.find(id, '[^0-9a-z]')) and not is_foreign(message) then
    -- foreign bytes: kept whole behind an id of our own, so that the child can bury them; equal ones get different ids
    local claimed_as = table.concat({ ARGV[1], ARGV[2], #granted, message }, ' ')
    id = 'undecodable' .. string.sub(redis.sha1hex(claimed_as), 1, 9)
    message = id .. '?' .. message
  end
  if string.byte(message, 35) == 115 then -- \`s\`: unique until it is started
    free_key(KEYS[4], message)
  end
  local held = queue .. ' ' .. message
  -- JSON has no zero byte, but foreign bytes may
  has_zero = has_zero or string.find(held, '\\0', 1, true)
  granted[#granted + 1] = held
  fields[#fields + 1] = id
  fields[#fields + 1] = held
end

-- Takes up to so many from a list, and remembers what is left.
local function take(key, queue, count)
  local messages = size[key] > 0 and redis.call('LPOP', KEYS[key], count) or {}
  size[key] = size[key] - #messages
  for _, message in ipairs(messages) do
    grant(queue, message)
  end
end

-- were every child to drain, one suspect would stop them all; the mark expires with a child that died over it
local function is_drainer()
  local drainer = redis.call('GET', KEYS[3])
  if drainer and drainer ~= ARGV[1] then
    return false
  end
  redis.call('SET', KEYS[3], ARGV[1], 'PX', 5000)
  return true
end

for i = 5, #ARGV do
  local key = 6 + (i - 5) * 3
  if limit > 0 and #granted == 0 and size[key + 1] > 0 then
    if holds == 0 then
      take(key + 1, ARGV[i], 1)
      break
    elseif is_drainer() then
      drain = 1
      break
    end
  end
  if #granted < limit then
    take(key, ARGV[i], limit - #granted)
  end
end

if #fields > 0 then
  redis.call('HSET', KEYS[2], unpack(fields))
end
local more = 0
for key = 6, #KEYS, 3 do
  if size[key] + size[key + 1] > 0 then
    more = 1
    ring(KEYS[key + 2])
  end
end
return { 0, acked, drain, has_zero and granted or table.concat(granted, '\\0'), more }`,
  'close-session': `#!lua flags=allow-oom
-- Ends a session in order, once all its children have been settled.
--
-- KEYS: 1 sessions, 2 session
-- ARGV: 1 session
-- Returns 1, or 0 when a child is still registered: then the lease runs out and the reaper takes what it holds.
--
-- Atomic because a session must not vanish while a child of it may hold claims.

for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) ~= '@' then
    return 0
  end
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1`,
  'dead-page': `#!lua flags=no-writes
-- Reads dead tasks of a queue in the order of their deaths; those of one instant by their ids.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: 1 \`oldest\` or \`newest\` first, 2 first and 3 last time of death in ms, or -inf and +inf, 4 how many at most,
--       5 bytes of records after which it is enough, 6 and 7 time and id of the death to go on behind, or nothing
-- Returns { 1 if there are more, then of each: id, time of death, record or '' }
--
-- Atomic because positions move while tasks die and leave. It goes on behind a death whether or not that is still there.

-- Numbers in two halves, which a double holds exactly: strings are compared by the locale of the server.
local function is_before(id, other)
  local a, b = tonumber(string.sub(id, 1, 10), 36) or 0, tonumber(string.sub(other, 1, 10), 36) or 0
  if a == b then
    a, b = tonumber(string.sub(id, 11, 20), 36) or 0, tonumber(string.sub(other, 11, 20), 36) or 0
  end
  return a < b
end

local newest = ARGV[1] == 'newest'
local first = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[2])
local behind_last = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[3])
if ARGV[6] then
  -- where that death stands, or would stand, among those of its instant
  local low = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[6])
  local high = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[6])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_before(redis.call('ZRANGE', KEYS[1], middle, middle)[1], ARGV[7]) then
      low = middle + 1
    else
      high = middle
    end
  end
  if newest then
    behind_last = math.min(behind_last, low)
  else
    local there = redis.call('ZRANGE', KEYS[1], low, low)[1] == ARGV[7]
    first = math.max(first, there and low + 1 or low)
  end
end

local page, count, bytes = { 0 }, 0, 0
local rank, step = newest and behind_last - 1 or first, newest and -1 or 1
while rank >= first and rank < behind_last do
  if count == tonumber(ARGV[4]) or bytes >= tonumber(ARGV[5]) then
    page[1] = 1
    break
  end
  local death = redis.call('ZRANGE', KEYS[1], rank, rank, 'WITHSCORES')
  local record = redis.call('HGET', KEYS[2], death[1]) or ''
  page[#page + 1] = death[1]
  page[#page + 1] = death[2]
  page[#page + 1] = record
  count, bytes, rank = count + 1, bytes + #record, rank + step
end
return page`,
  'declare-crons': `#!lua flags=allow-oom
-- (nowhere) -> known: notes the crons of an app. One that is new, has a new schedule, or was disabled, counts from now on.
--
-- KEYS: 1 crons
-- ARGV: 1 ms by which a record may be ahead of the clock, then per cron: name, schedule, definition
-- Returns 1.
--
-- Atomic because a record without a beginning would make up for every run since 1970. One that is far ahead was written
-- under a clock that has been set back since: left as it is, the cron would stand still until the clock gets there again.
-- A worker that disables a cron leaves the record alone while others may fire it; forget-crons notes when none does.

local function is_disabled(definition)
  -- within a string of JSON its quotes would be escaped
  return definition and string.find(definition, '"disabled":true', 1, true)
end

local now = now_ms()
for i = 2, #ARGV, 3 do
  local name, schedule, definition = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local former = redis.call('HMGET', KEYS[1], name .. ' schedule', name .. ' until', name .. ' definition', name .. ' disabled')
  local settled, idle = tonumber(former[2]), former[4] or is_disabled(former[3])
  if not settled or idle or not is_disabled(definition) then
    if former[1] ~= schedule or not settled or settled > now + ARGV[1] or idle then
      settled = now
    end
    redis.call('HSET', KEYS[1], name .. ' schedule', schedule, name .. ' definition', definition, name .. ' until', text(settled))
    if not is_disabled(definition) then
      redis.call('HDEL', KEYS[1], name .. ' disabled')
    end
  end
end
return 1`,
  'delete-dead': `#!lua flags=allow-oom
-- dead -> (nowhere): forgets dead tasks.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: id and time of death in ms of each, at most 500
-- Returns how many there were.
--
-- Atomic because a dead task without its record could neither run again nor be understood. The time of death guards a
-- copy of this command that arrives late: by then the task may have run and died once more.

local wrong = wrong_type('zset', 1, 1) or wrong_type('hash', 2, 2)
if wrong then
  return wrong
end
local removed = 0
for i = 1, #ARGV, 2 do
  local died_at = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if died_at and tonumber(died_at) == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
    removed = removed + 1
  end
end
return removed`,
  'enqueue-unique': `#!lua
-- (nowhere) -> pending or scheduled: adds a message with a key, unless the key is taken.
--
-- KEYS: 1 unique, 2 seen bitmap of the id's block, 3 alarm, then per queue: queue, suspects, bell, scheduled
-- ARGV: 1 seconds the bitmap lives on, 2 \`in\` or \`at\`, 3 ms from now or since 1970, 4 \`replace\`, or what else to do on a
--       conflict, 5 message, 6 its queue, 7.. names of the queues
-- Returns { id, queue } of the task that has the key now. \`replace\` removes a task that still waits and lets a running one go on.
--
-- Atomic because two senders must not both find the key free.

local wrong = wrong_type('hash', 1, 1) or wrong_type('string', 2, 2)
local queues = {}
for i = 7, #ARGV do
  local key = 4 + (i - 7) * 4
  queues[ARGV[i]] = { queue = KEYS[key], suspects = KEYS[key + 1], bell = KEYS[key + 2], scheduled = KEYS[key + 3] }
  wrong = wrong or wrong_type('list', key, key + 1) or wrong_type('zset', key + 3, key + 3)
end
if wrong then
  return wrong
end
local message, keys = ARGV[5], queues[ARGV[6]]
local id = string.sub(message, 1, 20)
local sequence = tonumber(string.sub(id, 13, 20), 36)
if redis.call('GETBIT', KEYS[2], sequence % 4096) == 1 then
  return { id, ARGV[6] }
end

local digest = unique_digest(message)
local held = redis.call('HGET', KEYS[1], digest)
if held and ARGV[4] ~= 'replace' then
  local its_queue, other = split(held)
  return { string.sub(other, 1, 20), its_queue }
end

-- the task itself first: should Redis refuse that, nothing has happened yet
local now = now_ms()
local due = tonumber(ARGV[3]) + (ARGV[2] == 'in' and now or 0)
if due > now then
  schedule(keys.scheduled, KEYS[3], due, { message })
else
  redis.call('RPUSH', keys.queue, message)
  ring(keys.bell)
end
if held then
  local its_queue, former = split(held)
  local its_keys = queues[its_queue]
  if its_keys and redis.call('ZREM', its_keys.scheduled, former) == 0 then
    redis.call('LREM', is_suspect(former) and its_keys.suspects or its_keys.queue, -1, former)
  end
end
redis.call('SETBIT', KEYS[2], sequence % 4096, 1)
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], digest, ARGV[6] .. ' ' .. message)
return { id, ARGV[6] }`,
  'enqueue': `#!lua
-- (nowhere) -> pending: adds messages to the tail of a queue, each id once.
--
-- KEYS: 1 queue, 2 seen bitmap of the block that all ids share, 3 bell
-- ARGV: 1 seconds the bitmap lives on, 2.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together: a bit without its message loses the task, a message
-- without its bit runs twice. Without allow-oom: a full Redis refuses new tasks before the first write.

return let_in(KEYS[2], ARGV[1], 2, function(fresh)
  redis.call('RPUSH', KEYS[1], unpack(fresh))
  ring(KEYS[3])
end)`,
  'find-pending': `#!lua flags=no-writes
-- Looks for a task in a part of a list, from the tail: what comes or goes at the head meanwhile hides nothing.
--
-- KEYS: 1 list
-- ARGV: 1 id, 2 how many at the tail to pass over, 3 how many to look at, 4 about how many bytes to look at
-- Returns { message or '', how many it has looked at, 1 when there is more }
--
-- A script because only one message of many is wanted. Some may be large, so it takes a few at a time, and not too many.

local passed, looked, bytes = tonumber(ARGV[2]), 0, 0
while looked < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
  local last = -1 - passed - looked
  local messages = redis.call('LRANGE', KEYS[1], last - 49, last)
  for i = #messages, 1, -1 do
    if string.sub(messages[i], 1, 20) == ARGV[1] then
      return { messages[i], looked, 1 }
    end
    bytes = bytes + #messages[i]
  end
  looked = looked + #messages
  if #messages < 50 then
    return { '', looked, 0 }
  end
end
return { '', looked, 1 }`,
  'fire-cron': `#!lua
-- (nowhere) -> pending: enqueues runs of a cron that have come due, each instant once in the whole cluster.
--
-- KEYS: 1 crons, 2 queue, 3 bell, 4 unique
-- ARGV: 1 cron, 2 name of the queue, then per run, oldest first: its instant in ms since 1970, its message
-- Returns { fired, skipped, queue, run }, both 0 when others were faster; or { -1, 0 } when nothing is known of the cron.
--   A run with a key that is taken is skipped: an earlier one waits or is under way, in \`queue\` ('' for none). \`run\` tells how
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
return { #messages, skipped, held_in, record[3] or '' }`,
  'forget-crons': `#!lua flags=allow-oom
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
return forgotten`,
  'lib-bell': `-- Rings a bell only if it is silent, so that its list never grows and one arrival wakes one idle child. A ring that is
-- refused costs seconds, and must not undo what it tells of.
local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.pcall('RPUSH', bell, '1')
  end
end`,
  'lib-cancelled': `-- The cancelled are remembered for a day, and ten thousand of them at most.
local function remember_cancelled(cancelled, now, id)
  redis.call('ZADD', cancelled, text(now), id)
  redis.call('ZREMRANGEBYSCORE', cancelled, '-inf', text(now - 86400000))
  redis.call('ZREMRANGEBYRANK', cancelled, 0, -10001)
end

-- Whether somebody cancelled the task while it was active: then it must not run again.
local function is_cancelled(cancelled, message)
  return redis.call('ZSCORE', cancelled, string.sub(message, 1, 20)) and true or false
end

-- The tasks that may run again; the cancelled among them end here, and free their keys. \`tasks\` holds { keys, message }.
local function still_wanted(tasks, cancelled, unique)
  if redis.call('EXISTS', cancelled) == 0 then
    return tasks
  end
  local wanted = {}
  for _, task in ipairs(tasks) do
    if is_cancelled(cancelled, task.message) then
      free_key(unique, task.message)
    else
      wanted[#wanted + 1] = task
    end
  end
  return wanted
end`,
  'lib-foreign': `-- Bytes that were no message of ours when they were claimed stand behind an id made up for them and a \`?\`.
local function is_foreign(message)
  return string.find(message, '^undecodable%x%x%x%x%x%x%x%x%x%?') == 1
end`,
  'lib-message': `-- Counters and times in a message are base 36 digits, see the header layout in task-message.ts.
local DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'

local function base36(number, width)
  local digits = ''
  for _ = 1, width do
    local digit = number % 36
    digits = string.sub(DIGITS, digit + 1, digit + 1) .. digits
    number = (number - digit) / 36
  end
  return digits
end

-- Counts up the counter that stands at first..last; it stops at its highest number. Returns that number too.
local function counted(message, first, last)
  local width = last - first + 1
  local number = math.min((tonumber(string.sub(message, first, last), 36) or 0) + 1, 36 ^ width - 1)
  return string.sub(message, 1, first - 1) .. base36(number, width) .. string.sub(message, last + 1), number
end

-- Appends a line to the history. The oldest line goes when there are twenty.
local function remembered(message, line)
  local _, lines = string.gsub(message, '\\n', '')
  if lines >= 20 then
    message = string.gsub(message, '\\n[^\\n]*', '', 1)
  end
  return message .. line
end

-- What a claims hash holds for a task is \`<queue> <message>\`.
local function split(held)
  local space = string.find(held, ' ', 1, true)
  return string.sub(held, 1, space - 1), string.sub(held, space + 1)
end

-- A process died with this task before. Foreign bytes have no counters.
local function is_suspect(message)
  return not is_foreign(message) and string.sub(message, 24, 25) ~= '00'
end`,
  'lib-pulse': `-- Notes that a supervisor was here, and forgives every lease when none could be for long: if Redis was away or its
-- clock jumped, the missing renewals prove nothing about the supervisors. A session id ends in its lease in ms.
local function forgive_after_gap(sessions, pulse, now, lease)
  local last = tonumber(redis.call('GET', pulse) or now)
  redis.call('SET', pulse, text(now))
  if math.abs(now - last) <= lease / 3 then
    return
  end
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    local its_lease = tonumber(string.match(session, '%d+$')) or lease
    redis.call('ZADD', sessions, text(now + its_lease), session)
  end
end`,
  'lib-requeue': `-- Maps the name of each queue to its keys, \`width\` of them: queue, suspects, bell [, scheduled, dead, dead records].
local function index_queues(names, first_key, width)
  local index = {}
  for i, name in ipairs(names) do
    local at = first_key + (i - 1) * width
    index[name] = {
      queue = KEYS[at], suspects = KEYS[at + 1], bell = KEYS[at + 2],
      scheduled = KEYS[at + 3], dead = KEYS[at + 4], records = KEYS[at + 5],
    }
  end
  return index
end

-- Puts tasks back at the head of where they came from, oldest first. \`tasks\` holds { keys, message }, in any order.
local function put_back(tasks)
  -- enqueuedAt, then id: the order in which they were enqueued, as far as anyone can tell
  local function order(task)
    return string.sub(task.message, 26, 34) .. string.sub(task.message, 1, 20)
  end
  table.sort(tasks, function(a, b) return order(a) > order(b) end)
  for _, task in ipairs(tasks) do
    redis.call('LPUSH', is_suspect(task.message) and task.keys.suspects or task.keys.queue, task.message)
    ring(task.keys.bell)
  end
end`,
  'lib-retry': `-- After an attempt: counts it if it was one, notes it in the history, and lets the task run again, now at the tail of its
-- queue or later. One that a process died with before goes on alone. \`task\` holds { queue, keys, message }, \`attempt\` holds
-- { delay, line, counts }.
local function try_again(task, unique, alarm, attempt)
  local keys, message = task.keys, task.message
  if attempt.counts then
    message = counted(message, 22, 23)
  end
  message = remembered(message, attempt.line)
  local due = now_ms() + attempt.delay
  message = string.sub(message, 1, 25) .. base36(due, 9) .. string.sub(message, 35)
  update_key(unique, task.queue, message)
  if attempt.delay > 0 then
    schedule(keys.scheduled, alarm, due, { message })
  else
    redis.call('RPUSH', is_suspect(message) and keys.suspects or keys.queue, message)
    ring(keys.bell)
  end
end`,
  'lib-schedule': `-- Puts messages on the schedule, and wakes whoever sleeps until a later time than theirs.
local function schedule(scheduled, alarm, due, messages)
  local first = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
  local added = {}
  for _, message in ipairs(messages) do
    added[#added + 1] = text(due)
    added[#added + 1] = message
  end
  redis.call('ZADD', scheduled, unpack(added))
  if not first[2] or due < tonumber(first[2]) then
    ring(alarm)
  end
end`,
  'lib-seen': `-- Lets each message in ARGV[first..] in once: those whose bit was not set go to \`add\`, and their number is returned. A
-- client that repeats a command whose reply was lost adds nothing. When Redis refuses what \`add\` does, the bits are taken
-- back, because it does not roll back: with them left a repetition would count as done.
local function let_in(bitmap, seconds, first, add)
  local fresh, bits = {}, {}
  for i = first, #ARGV do
    local bit = tonumber(string.sub(ARGV[i], 13, 20), 36) % 4096
    if redis.call('SETBIT', bitmap, bit, 1) == 0 then
      fresh[#fresh + 1] = ARGV[i]
      bits[#bits + 1] = bit
    end
  end
  redis.call('EXPIRE', bitmap, seconds)
  if #fresh == 0 then
    return 0
  end
  local added, refusal = pcall(add, fresh)
  if added then
    return #fresh
  end
  for _, bit in ipairs(bits) do
    redis.call('SETBIT', bitmap, bit, 0)
  end
  return redis.error_reply(type(refusal) == 'table' and refusal.err or refusal)
end`,
  'lib-stale': `-- Counts acks that change nothing, because others were given the tasks and may have run them as well. It is all that a
-- child without a registration can change. A count that is refused must not undo what it tells of.
local function count_stale(stats, acks)
  if acks > 0 then
    redis.pcall('HINCRBY', stats, 'stale-acks', acks)
  end
end`,
  'lib-stream': `-- What a stream tells of itself, by name; all zero for one that does not exist. \`entries-added\` counts those that were
-- trimmed, too: so it is the ordinal of the last entry.
local function stream_info(key)
  local info = { ['last-generated-id'] = '0-0', ['entries-added'] = 0, length = 0 }
  if redis.call('EXISTS', key) == 1 then
    local found = redis.call('XINFO', 'STREAM', key)
    for i = 1, #found, 2 do
      info[found[i]] = found[i + 1]
    end
  end
  return info
end`,
  'lib-time': `-- Redis time in whole milliseconds. TIME moves while a script runs, so each script reads it once.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Large numbers would print as 1.79e+15.
local function text(number)
  return string.format('%.0f', number)
end`,
  'lib-types': `-- Redis does not roll back, so a key that holds something foreign must be found before the first write.
-- Returns an error for the first of KEYS[first..last] that is neither missing nor of the kind.
local function wrong_type(kind, first, last)
  for i = first, last do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= 'none' and found ~= kind then
      return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found)
    end
  end
end`,
  'lib-unique': `-- A unique message has \`s\` or \`f\` (until started, until finished) and a digest between header and body, see
-- unique-key.ts. The hash maps the digest to \`<queue> <message>\` of the task that has it.
local function unique_digest(message)
  local mark = string.sub(message, 35, 35)
  if mark == 's' or mark == 'f' then
    return string.sub(message, 36, 62), mark
  end
end

-- The digest of the key of this message, unless another task has taken the key over. That one may speak of this one in
-- its arguments.
local function key_held(unique, message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', unique, digest)
  if holder and string.find(holder, '^%S+ ' .. string.sub(message, 1, 20)) then
    return digest
  end
end

-- Lets the next task with the key of this message in.
local function free_key(unique, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HDEL', unique, digest)
  end
end

-- Whoever replaces a task has to find it as it lies there, with all that has become of it since it was sent.
local function update_key(unique, queue, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HSET', unique, digest, queue .. ' ' .. message)
  end
end`,
  'move-cron-run': `#!lua
-- pending or scheduled -> the same in another queue: moves the run of a cron for which others are skipped.
--
-- KEYS: 1 unique, 2 queue, 3 suspects, 4 scheduled of the queue where it is, 5 queue, 6 suspects, 7 scheduled, 8 bell of
--       the one where it goes
-- ARGV: 1 digest of its key, 2 name of the queue where it is, 3 of the one where it goes
-- Returns 1, or 0 when it waits there no more.
--
-- Atomic because a run that a worker has claimed meanwhile must stay where it is, and one that is moved must be in one
-- queue and under its key. Without allow-oom: a full Redis refuses before the first write, and the run stays where it is.

local wrong = wrong_type('hash', 1, 1) or wrong_type('list', 2, 3) or wrong_type('zset', 4, 4)
  or wrong_type('list', 5, 6) or wrong_type('zset', 7, 7) or wrong_type('list', 8, 8)
if wrong then
  return wrong
end
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if not holder then
  return 0
end
-- of another queue it is not found below
local message = string.sub(holder, #ARGV[2] + 2)
local due, list = redis.call('ZSCORE', KEYS[4], message), is_suspect(message) and 3 or 2
if due then
  redis.call('ZREM', KEYS[4], message)
  redis.call('ZADD', KEYS[7], due, message)
elseif redis.call('LREM', KEYS[list], 1, message) == 1 then
  redis.call('RPUSH', KEYS[list + 3], message)
  ring(KEYS[8])
else
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. message)
return 1`,
  'open-session': `#!lua flags=allow-oom
-- Opens the session of a supervisor: from now on its lease runs.
--
-- KEYS: 1 sessions, 2 session, 3 pulse, 4 catalog
-- ARGV: 1 session, 2 lease in ms, 3 length of the description, fields and values of the description, names and
--       entries of the catalog
-- Returns 1.
--
-- Atomic because a described session without a deadline would never be reaped.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[3], now, tonumber(ARGV[2]))
local last = 3 + ARGV[3]
redis.call('HSET', KEYS[2], unpack(ARGV, 4, last))
for i = last + 1, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return 1`,
  'overdue': `#!lua flags=allow-oom
-- Finds sessions whose lease ran out.
--
-- KEYS: 1 sessions, 2 pulse
-- ARGV: 1 lease in ms of the asking supervisor
-- Returns { ms until the next deadline or -1, overdue sessions ... }
--
-- Atomic because the gap must be forgiven before deadlines are compared with the clock.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[2], now, tonumber(ARGV[1]))
local overdue = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, 100)
local next = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return { next[2] and next[2] - now or -1, unpack(overdue) }`,
  'pause-cron': `#!lua flags=allow-oom
-- fired when due -> paused: until it is resumed, nobody fires the cron.
--
-- KEYS: 1 crons
-- ARGV: 1 cron
-- Returns 1, also when it was paused already; 0 when nothing is known of the cron.
--
-- Atomic because a cron that is being forgotten must not leave a pause behind.

if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then
  return 0
end
redis.call('HSETNX', KEYS[1], ARGV[1] .. ' paused', text(now_ms()))
return 1`,
  'promote': `#!lua flags=allow-oom
-- scheduled -> pending: moves tasks whose time has come to the tail of their queues, in the order of their times.
--
-- KEYS: per queue: scheduled, queue, suspects, bell
-- ARGV: 1 how many tasks at most
-- Returns { how many, ms until the next one is due or -1, what is wrong with the keys of a queue ... }
--
-- Atomic because a task must be on the schedule or in the queue. Among those of one instant the zset keeps the order of
-- their ids, and so that of their sender. A queue with a foreign key is left as it is: the others must not wait for it.

local now, left, next = now_ms(), tonumber(ARGV[1]), -1
local function promote(key)
  local due = left > 0 and redis.call('ZRANGEBYSCORE', KEYS[key], '-inf', text(now), 'LIMIT', 0, left) or {}
  if #due > 0 then
    local pending, suspects = {}, {}
    for _, message in ipairs(due) do
      local list = is_suspect(message) and suspects or pending
      list[#list + 1] = message
    end
    if #pending > 0 then
      redis.call('RPUSH', KEYS[key + 1], unpack(pending))
    end
    if #suspects > 0 then
      redis.call('RPUSH', KEYS[key + 2], unpack(suspects))
    end
    redis.call('ZREMRANGEBYRANK', KEYS[key], 0, #due - 1)
    ring(KEYS[key + 3])
    left = left - #due
  end
  local first = redis.call('ZRANGE', KEYS[key], 0, 0, 'WITHSCORES')
  if first[2] then
    local in_ms = math.max(tonumber(first[2]) - now, 0)
    next = next < 0 and in_ms or math.min(next, in_ms)
  end
end

local refused = {}
for key = 1, #KEYS, 4 do
  local wrong = wrong_type('zset', key, key) or wrong_type('list', key + 1, key + 3)
  if wrong then
    refused[#refused + 1] = wrong.err
  else
    promote(key)
  end
end
return { tonumber(ARGV[1]) - left, next, unpack(refused) }`,
  'purge': `#!lua flags=allow-oom
-- dead -> (nowhere): forgets dead tasks that have been kept for long enough, and those beyond a number, the oldest first.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: 1 ms for which they are kept, or '', 2 how many are kept, or '', 3 how many to forget at most
-- Returns how many it forgot.
--
-- Atomic because a dead task without its record could neither run again nor be understood.

local expired = ARGV[1] == '' and 0 or redis.call('ZCOUNT', KEYS[1], '-inf', text(now_ms() - ARGV[1]))
local surplus = ARGV[2] == '' and 0 or redis.call('ZCARD', KEYS[1]) - ARGV[2]
local count = math.min(math.max(expired, surplus), tonumber(ARGV[3]))
if count <= 0 then
  return 0
end
-- the records first: whichever key holds something foreign is found before anything is written
redis.call('HDEL', KEYS[2], unpack(redis.call('ZRANGE', KEYS[1], 0, count - 1)))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - 1)
return count`,
  'read-stream': `#!lua flags=no-writes
-- Reads the next entries of the stream, and what tells whether any are missing.
--
-- KEYS: 1 broadcasts
-- ARGV: 1 id behind which to read, 2 how many entries at most
-- Returns { id of the last entry ever, how many were ever added, how many are left, entries }
--
-- Atomic because the counts are compared with the entries: one that is trimmed in between would not be missed.

local info = stream_info(KEYS[1])
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return { info['last-generated-id'], info['entries-added'], info.length, entries }`,
  'reap': `#!lua flags=allow-oom
-- active -> pending: takes every claim of a session whose lease ran out, and ends the session.
--
-- KEYS: 1 sessions, 2 session, 3 pulse, 4 cancelled, 5 unique, claims of each child, then per queue: queue, suspects, bell
-- ARGV: 1 session, 2 lease in ms of the asking supervisor, 3 number of children, children, names of the queues
-- Returns how many tasks were put back, or -1 when the session is not to be reaped (renewed, gone, or changed).
--
-- Atomic because the deadline is checked in the same instant in which children lose their registration.

local now, children = now_ms(), tonumber(ARGV[3])
forgive_after_gap(KEYS[1], KEYS[3], now, tonumber(ARGV[2]))
local deadline = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not deadline or tonumber(deadline) > now then
  return -1
end

local known = {}
for i = 4, 3 + children do
  known[ARGV[i]] = true
end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) ~= '@' and not known[field] then
    return -1
  end
end

local wrong = wrong_type('zset', 4, 4) or wrong_type('hash', 5, 5 + children) or wrong_type('list', 6 + children, #KEYS)
if wrong then
  return wrong
end
local queues = index_queues({ unpack(ARGV, 4 + children) }, 6 + children, 3)
local tasks = {}
for i = 6, 5 + children do
  for _, held in ipairs(redis.call('HVALS', KEYS[i])) do
    local queue, message = split(held)
    if not queues[queue] then
      return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
    end
    tasks[#tasks + 1] = { keys = queues[queue], message = message }
  end
end

put_back(still_wanted(tasks, KEYS[4], KEYS[5]))
for i = 6, 5 + children do
  redis.call('DEL', KEYS[i])
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return #tasks`,
  'record-broadcasts': `#!lua flags=allow-oom
-- Records how broadcasts ended, each in one process; and that a machine is done with those it runs once.
--
-- KEYS: the broadcast of each record
-- ARGV: 1 seconds to remember, then per record: process, outcome (JSON), machine that is done or ''
-- Returns how many records there were.
--
-- Atomic because a machine that is done without its outcome, or the other way round, would run it again or hide it.

local wrong = wrong_type('hash', 1, #KEYS)
if wrong then
  return wrong
end
for i, key in ipairs(KEYS) do
  local at = 3 * i - 1
  redis.call('HSET', key, ARGV[at], ARGV[at + 1])
  if ARGV[at + 2] ~= '' then
    redis.call('HSET', key, '@' .. ARGV[at + 2], 'done')
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return #KEYS`,
  'record-cron-run': `#!lua flags=allow-oom
-- Notes how the latest run of a cron ended.
--
-- KEYS: 1 session, 2 crons
-- ARGV: 1 child, 2 cron, 3 run (JSON)
-- Returns 1, or 0 when nothing is known of the cron.
--
-- Atomic because a child that lost its lease must not overwrite what others noted, and a record that was forgotten must
-- not come back.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
if redis.call('HEXISTS', KEYS[2], ARGV[2] .. ' schedule') == 0 then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2] .. ' run', ARGV[3])
return 1`,
  'record-gap': `#!lua flags=allow-oom
-- Records that a worker missed entries of the stream, and forgets all but the latest such records.
--
-- KEYS: 1 broadcast gaps
-- ARGV: 1 time in ms, 2 the gap (JSON, with its time and worker, so that a repetition adds nothing), 3 how many to keep,
--       4 seconds to remember
-- Returns 1.
--
-- Atomic so that the set never lives on without an end.

redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1`,
  'redrive': `#!lua flags=allow-oom
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
local line = '\\n{"at":' .. text(now) .. ',"code":"REDRIVEN"}'
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
    local message = with_new_header(id, string.sub(record, (string.find(record, '\\n', 1, true) or #record) + 1))
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
return answers`,
  'register': `#!lua flags=allow-oom
-- Registers a child in a session that still has its lease; only a registered child can claim or finish.
--
-- KEYS: 1 sessions, 2 session
-- ARGV: 1 session, 2 child
-- Returns 1, or 0 when the session was reaped.
--
-- Atomic because a child added to a session that is being reaped would claim tasks nobody watches.

if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('HSETNX', KEYS[2], ARGV[2], '0')
return 1`,
  'release': `#!lua flags=allow-oom
-- active -> pending: gives tasks back to the head of their queues, uncounted.
--
-- KEYS: 1 session, 2 claims, 3 cancelled, 4 unique, then per queue: queue, suspects, bell
-- ARGV: 1 child, 2 claim number that must still be the child's last, or '' for any, 3 number of queues,
--       names of the queues, ids
-- Returns how many were given back.
--
-- Atomic because a task must be in the queue or in the claims. The claim number guards a supervisor that acts for a
-- child which blocks: a child that woke up and claimed again may have got, and started, the very same task.

local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last then
  return redis.error_reply('LEASE_LOST child is not registered')
end
if ARGV[2] ~= '' and ARGV[2] ~= last then
  return 0
end

local wrong = wrong_type('hash', 2, 2) or wrong_type('zset', 3, 3) or wrong_type('hash', 4, 4) or wrong_type('list', 5, #KEYS)
if wrong then
  return wrong
end
local count = tonumber(ARGV[3])
local queues = index_queues({ unpack(ARGV, 4, 3 + count) }, 5, 3)
local tasks, ids, named = {}, {}, {}
for i = 4 + count, #ARGV do
  local held = redis.call('HGET', KEYS[2], ARGV[i])
  if held and not named[ARGV[i]] then
    named[ARGV[i]] = true
    local queue, message = split(held)
    if not queues[queue] then
      return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
    end
    tasks[#tasks + 1] = { keys = queues[queue], message = message }
    ids[#ids + 1] = ARGV[i]
  end
end

if #ids > 0 then
  -- in this order: should the second write be refused, a task is there twice rather than not at all
  put_back(still_wanted(tasks, KEYS[3], KEYS[4]))
  redis.call('HDEL', KEYS[2], unpack(ids))
end
return #ids`,
  'renew': `#!lua flags=allow-oom
-- Renews the lease of a session.
--
-- KEYS: 1 sessions, 2 pulse
-- ARGV: 1 session, 2 lease in ms
-- Returns 1, or 0 when the session was reaped and must not be revived.
--
-- Atomic because the gap is measured and forgiven before anyone can act on an outdated deadline.

local now = now_ms()
forgive_after_gap(KEYS[1], KEYS[2], now, tonumber(ARGV[2]))
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return 1`,
  'resume-cron': `#!lua flags=allow-oom
-- paused -> fired when due: what came due during the pause is settled without a run.
--
-- KEYS: 1 crons
-- ARGV: 1 cron
-- Returns 1, also when it was not paused; 0 when nothing is known of the cron.
--
-- Atomic because between the end of the pause and the new beginning others would make up for what was missed.

if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then
  return 0
end
if redis.call('HDEL', KEYS[1], ARGV[1] .. ' paused') == 1 then
  redis.call('HSET', KEYS[1], ARGV[1] .. ' until', text(now_ms()))
end
return 1`,
  'retry': `#!lua flags=allow-oom
-- active -> scheduled or pending: lets a task whose attempt failed run again, and counts the attempt; a cancelled one
-- ends instead.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 alarm, 5 cancelled, 6 queue, 7 suspects, 8 bell, 9 scheduled
-- ARGV: 1 child, 2 id, 3 failures before this attempt (two digits, base 36), 4 ms until the next attempt, 5 line for the
--       history, 6 \`1\` when it counts as a failure, \`0\` when nothing was tried
-- Returns 1, or 0 when the child no longer held the task or the attempt was counted before.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('list', 4, 4) or wrong_type('zset', 5, 5) or wrong_type('list', 6, 8)
  or wrong_type('zset', 9, 9)
if wrong then
  return wrong
end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if not held then
  return 0
end
local queue, message = split(held)
if string.sub(message, 22, 23) ~= ARGV[3] then
  return 0
end
if is_cancelled(KEYS[5], message) then
  free_key(KEYS[3], message)
  return redis.call('HDEL', KEYS[2], ARGV[2])
end
local keys = { queue = KEYS[6], suspects = KEYS[7], bell = KEYS[8], scheduled = KEYS[9] }
local task = { queue = queue, keys = keys, message = message }
try_again(task, KEYS[3], KEYS[4], { delay = tonumber(ARGV[4]), line = ARGV[5], counts = ARGV[6] == '1' })
redis.call('HDEL', KEYS[2], ARGV[2])
return 1`,
  'schedule': `#!lua
-- (nowhere) -> scheduled: adds messages that are due later, each id once.
--
-- KEYS: 1 scheduled, 2 seen bitmap of the block that all ids share, 3 alarm
-- ARGV: 1 seconds the bitmap lives on, 2 \`in\` or \`at\`, 3 ms from now or since 1970, 4.. messages
-- Returns how many were new; fewer than given when a client repeats a command whose reply was lost.
--
-- Atomic because the bit and the message must appear together, as in enqueue.lua.

return let_in(KEYS[2], ARGV[1], 4, function(fresh)
  schedule(KEYS[1], KEYS[3], tonumber(ARGV[3]) + (ARGV[2] == 'in' and now_ms() or 0), fresh)
end)`,
  'settle': `#!lua flags=allow-oom
-- active -> pending, suspect, scheduled, dead or done: ends the registration of a child whose process has ended.
--
-- KEYS: 1 session, 2 claims, 3 unique, 4 alarm, 5 cancelled, then per queue: queue, suspects, bell, scheduled, dead, dead records
-- ARGV: 1 child, 2 verdict (JSON, see Verdict in broker.ts), 3.. names of the queues
-- Returns { released, crashed, suspected, dead, timed out }
--   one id to blame: that task counts a crash and runs alone next, or is dead
--   several: which of them did it is unknown, so each becomes a suspect and runs alone next
--   what ran out of time counts a failure, and runs again after its delay or is dead
--   what was done is acked, what was cancelled ends, what was not started goes back uncounted
--
-- Atomic because the claims may be given to others only in the instant in which the child loses its registration.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return redis.error_reply('LEASE_LOST child is not registered')
end
local wrong = wrong_type('hash', 2, 3) or wrong_type('zset', 5, 5)
for key = 6, #KEYS, 6 do
  wrong = wrong or wrong_type('list', key, key + 2) or wrong_type('zset', key + 3, key + 4) or wrong_type('hash', key + 5, key + 5)
end
if wrong then
  return wrong
end
local verdict = cjson.decode(ARGV[2])
local queues = index_queues({ unpack(ARGV, 3) }, 6, 6)
local held, tasks = redis.call('HGETALL', KEYS[2]), {}
for i = 1, #held, 2 do
  local queue, message = split(held[i + 1])
  if not queues[queue] then
    return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
  end
  tasks[held[i]] = { id = held[i], queue = queue, keys = queues[queue], message = message }
end

local now = text(now_ms())
local function bury(task, report)
  free_key(KEYS[3], task.message)
  redis.call('ZADD', task.keys.dead, now, task.id)
  redis.call('HSET', task.keys.records, task.id, report .. '\\n' .. task.message)
end

for _, id in ipairs(verdict.done) do
  if tasks[id] then
    free_key(KEYS[3], tasks[id].message)
    tasks[id] = nil
  end
end
for id, task in pairs(tasks) do
  if is_cancelled(KEYS[5], task.message) then
    free_key(KEYS[3], task.message)
    tasks[id] = nil
  end
end

local dead, timed_out = 0, 0
for _, late in ipairs(verdict.timedOut) do
  local task = tasks[late.id]
  if task and not is_foreign(task.message) then
    tasks[late.id] = nil
    if late.retryInMs < 0 then
      task.message = remembered(counted(task.message, 22, 23), late.line)
      bury(task, late.report)
      dead = dead + 1
    else
      try_again(task, KEYS[3], KEYS[4], { delay = late.retryInMs, line = late.line, counts = true })
      timed_out = timed_out + 1
    end
  end
end

local blamed, crashed, suspected = {}, 0, 0
for _, id in ipairs(verdict.blamed) do
  if tasks[id] and not blamed[id] and not is_foreign(tasks[id].message) then
    blamed[id] = tasks[id]
    suspected = suspected + 1
  end
end
if suspected == 1 then
  crashed, suspected = 1, 0
end
for id, task in pairs(blamed) do
  local crashes
  task.message, crashes = counted(task.message, crashed == 1 and 24 or 25, crashed == 1 and 24 or 25)
  task.message = remembered(task.message, verdict.line)
  if crashed == 1 and crashes >= verdict.maxCrashes then
    bury(task, verdict.report)
    tasks[id] = nil
    crashed, dead = 0, dead + 1
  else
    update_key(KEYS[3], task.queue, task.message)
  end
end

local back, released = {}, 0
for id, task in pairs(tasks) do
  back[#back + 1] = task
  released = released + (blamed[id] and 0 or 1)
end
put_back(back)
redis.call('DEL', KEYS[2])
redis.call('HDEL', KEYS[1], ARGV[1])
return { released, crashed, suspected, dead, timed_out }`,
  'stream-position': `#!lua flags=no-writes
-- Where a reader of the stream begins that wants everything from some time on.
--
-- KEYS: 1 broadcasts
-- ARGV: 1 time, in ms of Redis time
-- Returns { id behind which to read, ordinal of the last entry up to there }
--
-- Atomic because the ordinal belongs to the id: an entry added in between would look like one that was lost.

local info, now = stream_info(KEYS[1]), now_ms()
local last, added = info['last-generated-id'], info['entries-added']
-- a clock that was set back: ids do not tell the time of their entries, and old ones must not run again
if tonumber(string.match(last, '^%d+')) > now then
  return { last, added }
end
local later = redis.call('XRANGE', KEYS[1], ARGV[1], '+')
if #later == 0 then
  return { last, added }
end
return { text(ARGV[1] - 1) .. '-18446744073709551615', added - #later }`,
  'take-turn': `#!lua flags=allow-oom
-- A broadcast that one child of each machine runs: gives it to the first session of the machine that asks.
--
-- KEYS: 1 broadcast, 2 sessions
-- ARGV: 1 machine, 2 session that asks, 3 seconds to remember
-- Returns 'mine', 'taken' while another session has it, or 'done'. To ask again gives the same answer.
--
-- Atomic because two sessions of one machine ask at the same time. What a session had that is gone, unfinished, goes to
-- the next that asks.

local owner = redis.call('HGET', KEYS[1], '@' .. ARGV[1])
if owner == 'done' then
  return 'done'
end
if owner and owner ~= ARGV[2] and redis.call('ZSCORE', KEYS[2], owner) then
  return 'taken'
end
redis.call('HSET', KEYS[1], '@' .. ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 'mine'`,
} as const;
