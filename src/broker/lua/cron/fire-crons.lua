#!lua
-- enqueues the due runs of crons of one queue, each time once.
-- Returns for each cron the numbers fired (-1 for an unknown one) and skipped, the queue of the run that causes skips,
-- the end of the last run.
local keys = {
  crons = KEYS[1],
  run_time_crons = KEYS[2],
  cron_times = KEYS[3],
  cron_lines = KEYS[4],
  unique = KEYS[5],
  alarm = KEYS[6],
  limits = KEYS[7],
  slots = KEYS[8],
  rates = KEYS[9],
  paced = KEYS[10],
  waiters = KEYS[11],
  limit_labels = KEYS[12],
}
local line = ARGV[1]
local queue = { name = ARGV[2], pending = KEYS[13], bell = KEYS[14], held = KEYS[15], ready = KEYS[16] }
local labels = part(ARGV, 4, 3 + ARGV[3])
local entries = part(ARGV, #labels + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An entry is the name of a cron, the number of its runs, `''` or the version of a run-time cron and when to look at it next, and each run: its
-- instant in ms since 1970 and its message, oldest first. Each cron has one entry. `line` is that of run-time crons, '' for declared ones; one that was
-- set again meanwhile is left as it is. `labels` are limits of all runs, each followed by its key in clear. Fired and skipped are 0 when others were faster. A run with a key that
-- is taken is skipped: an earlier one waits or is under way, in the queue that is returned, '' for none. How the last run ended is JSON, '' for none.
--
-- Atomic because of all supervisors that try, one must find the instant unsettled. Without allow-oom: a full Redis refuses
-- before the first write, and the instants stay due.

local hash = line == '' and keys.crons or keys.run_time_crons
local wrong = wrong_type('hash', hash, keys.unique)
  or wrong_type('zset', keys.cron_times, keys.cron_lines)
  or wrong_queues({ queue })
if wrong then
  return wrong
end
local crons, fields, its_messages, at = {}, {}, {}, 1
while at <= #entries do
  local name, first, behind = entries[at], at + 3, at + 3 + 2 * entries[at + 1]
  local version, next_look = string.match(entries[at + 2], '^(%d+) (%d+)$')
  crons[#crons + 1] = { name = name, first = first, last = behind - 1, version = version, next_look = next_look }
  for _, field in ipairs({ ' until', ' paused', ' run', ' skipped', ' version' }) do
    fields[#fields + 1] = name .. field
  end
  for i = first + 1, behind - 1, 2 do
    its_messages[#its_messages + 1] = entries[i]
  end
  at = behind
end
wrong = wrong_lines_of(keys, { queue }, its_messages)
if wrong then
  return wrong
end

local now = now_ms()
local records = redis.call('HMGET', hash, unpack(fields))
-- what this call adds, and what it notes of the crons
local messages, notes = {}, {}

local function note(cron, field, value)
  notes[#notes + 1] = cron.name .. ' ' .. field
  notes[#notes + 1] = value
end

-- Takes the key of a message that has one. Returns who has it already.
local function holder_of_key(message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', keys.unique, digest)
  if digest and not holder then
    redis.call('HSET', keys.unique, digest, queue.name .. ' ' .. message)
  end
  return holder
end

local function fire(cron, settled, last_run, skipped_before)
  local fired, skipped, held_in, settled_before = 0, 0, '', settled
  for i = cron.first, cron.last, 2 do
    local instant, message = tonumber(entries[i]), entries[i + 1]
    if instant > settled and instant <= now then
      settled = instant
      local holder = holder_of_key(message)
      if holder then
        skipped = skipped + 1
        held_in = string.match(holder, '^%S+')
      else
        fired = fired + 1
        messages[#messages + 1] = message
        cron.fired_at = instant
      end
    end
  end
  if fired > 0 then
    note(cron, 'fired', text(cron.fired_at))
  end
  if skipped > 0 then
    note(cron, 'skipped', text((noted(skipped_before) or 0) + skipped))
  end
  if settled > settled_before then
    note(cron, 'until', text(settled))
  end
  return { fired, skipped, held_in, last_run or '' }
end

-- A run-time cron that was set again meanwhile keeps its time: it is to be looked at now.
local function look_later()
  for i, cron in ipairs(crons) do
    if records[5 * i] == cron.version then
      redis.call('ZADD', keys.cron_times, 'XX', cron.next_look, cron.name)
    end
  end
  note_earliest(keys.cron_lines, line, keys.cron_times)
end

local replies = {}
for i, cron in ipairs(crons) do
  local settled, paused, last_run, skipped, version = unpack(records, 5 * i - 4, 5 * i)
  settled = noted(settled)
  if not settled then
    replies[i] = { -1, 0, '', '' }
  elseif paused or (cron.version and cron.version ~= version) then
    replies[i] = { 0, 0, '', '' }
  else
    replies[i] = fire(cron, settled, last_run, skipped)
  end
end

if #messages > 0 then
  enlist_new(keys, by_name({ queue }), queue, messages)
  -- a run may be of an earlier version of its task, which had other limits
  note_labels(keys, labels, messages)
end
if #notes > 0 then
  redis.call('HSET', hash, unpack(notes))
end
if line ~= '' then
  look_later()
end
return replies
