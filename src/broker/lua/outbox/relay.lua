#!lua
-- adds the tasks of rows of an outbox, all of one queue, each row once.
-- Returns how many of the rows, from the first on, are done with (-1 if the command came too late), and how many tasks
-- were new.
local keys = {
  relayed = KEYS[1],
  removed = KEYS[2],
  broadcasts = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local started_ms, seconds, kept, queue = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local sequences = {}
for i = 1, ARGV[5] do
  sequences[i] = { name = ARGV[i + 7], seen = KEYS[i + 12] }
end
local queues = {}
for i = 1, ARGV[6] do
  queues[i] = {
    name = ARGV[#sequences + i + 7],
    pending = KEYS[#sequences + 6 * i + 7],
    quarantined = KEYS[#sequences + 6 * i + 8],
    bell = KEYS[#sequences + 6 * i + 9],
    scheduled = KEYS[#sequences + 6 * i + 10],
    held = KEYS[#sequences + 6 * i + 11],
    ready = KEYS[#sequences + 6 * i + 12],
  }
end
local labels = part(ARGV, #sequences + #queues + 8, #sequences + #queues + 7 + ARGV[7])
local rows = part(ARGV, #sequences + #queues + #labels + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A row is three values: when the task is due in ms, 0 for now; `keep` or `replace` for one with a unique key, otherwise nothing; the message.
--
-- Atomic because the mark of a row and its task must appear together. The relay deletes the rows in its database later, and may die before
-- that: the next one reads them again, and finds the marks. A mark goes once its row is known to be gone. From then on a copy of this
-- command that comes late is recognised by the bit of the id, which lasts for ten minutes, and one that comes later still by the time at
-- which the relay began.

local MOST_LATE = 300000
local now = now_ms()
if now - tonumber(started_ms) > MOST_LATE then
  return { -1, 0 }
end

local known_queues, sequence_of = by_name(queues), by_name(sequences)
local target = known_queues[queue]
local dues, conflicts, messages, ids, has_keys = {}, {}, {}, {}, false
for i = 1, #rows, 3 do
  local at = #messages + 1
  dues[at], conflicts[at], messages[at] = tonumber(rows[i]), rows[i + 1], rows[i + 2]
  ids[at] = string.sub(messages[at], 1, 20)
  has_keys = has_keys or conflicts[at] ~= ''
end

-- a foreign key of another kind is found before anything is written, or its error takes the mark back
local wrong = has_keys and wrong_type('zset', keys.removed) or wrong_targets(queues)
if wrong then
  return wrong
end
local involved = part(messages, 1, #messages)
for i, message in ipairs(messages) do
  local held = conflicts[i] == 'replace' and redis.call('HGET', keys.unique, (unique_digest(message)))
  if held then
    involved[#involved + 1] = select(2, split(held))
  end
end
wrong = wrong_lines_of(keys, queues, involved)
if wrong then
  return wrong
end

-- of each row the bitmap with the bit of its id, and the place there
local bitmaps, bits = {}, {}
for i, id in ipairs(ids) do
  local sequence = tonumber(string.sub(id, 13, 20), 36)
  bitmaps[i] = sequence_of[string.sub(id, 1, 12) .. ':' .. text(math.floor(sequence / 4096))].seen
  bits[i] = sequence % 4096
end

-- Redis does not roll back: a mark without its task would lose that, so marks that nothing follows are taken back.
local function with_marks(numbers, add)
  local marks, its_ids = {}, {}
  for at, i in ipairs(numbers) do
    marks[2 * at - 1], marks[2 * at], its_ids[at] = text(now), ids[i], ids[i]
  end
  -- without the right to take them back nothing may be marked
  redis.call('ZREM', keys.relayed, unpack(its_ids))
  redis.call('ZADD', keys.relayed, unpack(marks))
  local added, refusal = pcall(function()
    local last
    for _, i in ipairs(numbers) do
      redis.call('SETBIT', bitmaps[i], bits[i], 1)
      if bitmaps[i] ~= last then
        last = bitmaps[i]
        redis.call('EXPIRE', last, seconds)
      end
    end
    add()
  end)
  if not added then
    redis.call('ZREM', keys.relayed, unpack(its_ids))
    for _, i in ipairs(numbers) do
      redis.call('SETBIT', bitmaps[i], bits[i], 0)
    end
    error(refusal, 0)
  end
end

local handled, news = 0, {}
-- numbers of rows whose tasks come to their queue together
local waiting = {}

local function add_waiting(upto)
  if #waiting > 0 then
    local its_messages = {}
    for at, i in ipairs(waiting) do
      its_messages[at] = messages[i]
    end
    with_marks(waiting, function()
      enlist_new(keys, known_queues, target, its_messages, true)
    end)
    for _, message in ipairs(its_messages) do
      news[#news + 1] = message
    end
    waiting = {}
  end
  handled = upto
end

local function add_alone(i)
  local message, due = messages[i], dues[i]
  if not target then
    redis.call('XADD', keys.broadcasts, 'MAXLEN', '~', kept, '*', 'kind', 'call', 'message', message)
  elseif conflicts[i] == '' then
    schedule(target.scheduled, keys.alarm, due, { message })
  else
    local held = redis.call('HGET', keys.unique, (unique_digest(message)))
    if held and conflicts[i] ~= 'replace' then
      return
    end
    take_key(keys, known_queues, target, message, due, now, held)
  end
  news[#news + 1] = message
end

local marks_of_ids = redis.call('ZMSCORE', keys.relayed, unpack(ids))
-- A write, so that a relay that waits for replicas waits for those marks, too.
for i, marked_at in ipairs(marks_of_ids) do
  if marked_at then
    redis.call('ZADD', keys.relayed, 'XX', text(now), ids[i])
  end
end
local done, refusal = pcall(function()
  local met = {}
  for i, message in ipairs(messages) do
    if marks_of_ids[i] or met[ids[i]] or redis.call('GETBIT', bitmaps[i], bits[i]) == 1 then
      -- an earlier relay, or an earlier row, has added it
    elseif target and conflicts[i] == '' and dues[i] <= now then
      waiting[#waiting + 1] = i
    else
      add_waiting(i - 1)
      with_marks({ i }, function()
        add_alone(i)
      end)
      handled = i
    end
    met[ids[i]] = true
  end
  add_waiting(#messages)
end)
if not done and handled == 0 then
  return redis.error_reply(type(refusal) == 'table' and refusal.err or refusal)
end
note_labels(keys, labels, news, #messages)
return { handled, #news }
