#!lua
-- enqueues the due runs of crons of one queue, each time once, and notes which were left out.
-- Returns for each cron the numbers fired (-1 for an unknown one) and skipped, the queue of the run that causes skips,
-- the end of the last run, and whether its limit is reached.
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
local line, keep = ARGV[1], ARGV[2]
local queue = { name = ARGV[3], pending = KEYS[13], bell = KEYS[14], held = KEYS[15], ready = KEYS[16] }
local firing = {}
for i = 1, ARGV[4] do
  firing[i] = { name = ARGV[i + 5], cron_runs = KEYS[i + 16] }
end
local labels = part(ARGV, #firing + 6, #firing + 5 + ARGV[5])
local entries = part(ARGV, #firing + #labels + 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Each cron has one entry: the number of its runs, `''` or the version of a run-time cron and when to look at it next, its jitter
-- in ms, a line of history about instants that are left out, '' for none, up to when the cron was settled before these, the last
-- of them and their number, its limit or `''`, the instant of its run at a release or `''`; then each run: its instant in ms since 1970 and its message, oldest first. `line` is
-- that of run-time crons, '' for declared ones; one that was set again meanwhile is left as it is. `labels` are limits of all runs,
-- each followed by its key in clear. Fired and skipped are 0 when others were faster. Of a cron with a limit no more are fired than
-- that; what comes due then stays unsettled. A run with a key that is taken is skipped: an earlier one waits or is under way, in the
-- queue that is returned, '' for none. How the last run ended is JSON, '' for none. A run-time cron whose limit is reached is looked at a day later.
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
local fields, its_messages, at = {}, {}, 1
for _, cron in ipairs(firing) do
  local runs, plan, limit
  runs, plan, cron.jitter, cron.missed, cron.settled, cron.passed, cron.count, limit, cron.immediate = unpack(entries, at, at + 8)
  cron.first, cron.last, cron.limit = at + 9, at + 8 + 2 * runs, tonumber(limit)
  cron.version, cron.next_look = string.match(plan, '^(%d+) (%d+)$')
  for _, field in ipairs({ ' until', ' paused', ' run', ' skipped', ' version', ' missed' }) do
    fields[#fields + 1] = cron.name .. field
  end
  for i = cron.first + 1, cron.last, 2 do
    its_messages[#its_messages + 1] = entries[i]
  end
  at = cron.last + 1
end
wrong = wrong_lines_of(keys, { queue }, its_messages)
if wrong then
  return wrong
end

local DAY_MS = 86400000

local now = now_ms()
local records = redis.call('HMGET', hash, unpack(fields))
-- what this call adds, and what it notes of the crons
local messages, notes = {}, {}

local function note(cron, field, value)
  notes[#notes + 1] = cron.name .. ' ' .. field
  notes[#notes + 1] = value
end

-- Takes the key of a message that has one. Returns the task that has it already.
local function holder_of_key(message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', keys.unique, digest)
  if digest and not holder then
    redis.call('HSET', keys.unique, digest, queue.name .. ' ' .. message)
  end
  return holder
end

local function fire(cron, settled, last_run, skipped_before, missed_before)
  local fired, skipped, held_in, settled_before, lines = 0, 0, '', settled, {}
  local left, fires = math.huge, 0
  if cron.limit then
    fires = noted(redis.call('HGET', hash, cron.name .. ' fires')) or 0
    left = cron.limit - fires
  end
  local immediate = cron.immediate ~= ''
    and redis.call('HGET', hash, cron.name .. ' immediate') == cron.immediate
    and tonumber(cron.immediate)
  -- others were not faster, and did not leave out what these were to run
  if cron.missed ~= '' and settled == tonumber(cron.settled) and tonumber(cron.passed) <= now then
    settled = tonumber(cron.passed)
    lines[1] = cron.missed
    note(cron, 'missed', text((noted(missed_before) or 0) + cron.count))
  end
  for i = cron.first, cron.last, 2 do
    local instant, message = tonumber(entries[i]), entries[i + 1]
    if (instant > settled or instant == immediate) and instant <= now and fired < left then
      local jitter = cron.jitter
      if instant == immediate then
        redis.call('HDEL', hash, cron.name .. ' immediate')
        immediate, jitter = nil, 0
      end
      settled = math.max(settled, instant)
      local holder = holder_of_key(message)
      if holder then
        skipped = skipped + 1
        held_in = string.match(holder, '^%S*')
        local id = string.match(string.sub(holder, #held_in + 2, #held_in + 21), '^%w+$')
        lines[#lines + 1] = text(instant - jitter) .. ' skipped ' .. (id or '?')
      else
        fired = fired + 1
        messages[#messages + 1] = message
        cron.fired_at = instant
      end
    end
  end
  if fired > 0 then
    note(cron, 'fired', text(cron.fired_at))
    if cron.limit then
      note(cron, 'fires', text(fires + fired))
    end
  end
  if skipped > 0 then
    note(cron, 'skipped', text((noted(skipped_before) or 0) + skipped))
  end
  if settled > settled_before then
    note(cron, 'until', text(settled))
  end
  add_to_history(cron.cron_runs, lines, keep)
  if fired >= left then
    cron.next_look = text(now + DAY_MS)
  end
  return { fired, skipped, held_in, last_run or '', fired < left and 0 or 1 }
end

-- A run-time cron that was set again meanwhile keeps its time: it is to be looked at now.
local function look_later()
  for i, cron in ipairs(firing) do
    if records[6 * i - 1] == cron.version then
      redis.call('ZADD', keys.cron_times, 'XX', cron.next_look, cron.name)
    end
  end
  note_earliest(keys.cron_lines, line, keys.cron_times)
end

-- Those of code begin anew when they are declared again. Of these the loop has found no run then.
local function is_ahead(settled)
  return line ~= '' and settled > now + AHEAD_MS
end

local replies = {}
for i, cron in ipairs(firing) do
  local settled, paused, last_run, skipped, version, missed = unpack(records, 6 * i - 5, 6 * i)
  settled = noted(settled)
  if not settled then
    replies[i] = { -1, 0, '', '', 0 }
  elseif paused or (cron.version and cron.version ~= version) then
    replies[i] = { 0, 0, '', '', 0 }
  elseif is_ahead(settled) then
    note(cron, 'until', text(now))
    replies[i] = { 0, 0, '', '', 0 }
  else
    replies[i] = fire(cron, settled, last_run, skipped, missed)
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
