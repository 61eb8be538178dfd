#!lua
-- enqueues the due runs of a cron, each time once.
-- Returns the numbers fired and skipped, the queue of the run that causes skips, the end of the last run; -1 for an
-- unknown cron.
local keys = {
  crons = KEYS[1],
  unique = KEYS[2],
  alarm = KEYS[3],
  limits = KEYS[4],
  slots = KEYS[5],
  rates = KEYS[6],
  paced = KEYS[7],
  waiters = KEYS[8],
  limit_labels = KEYS[9],
}
local cron = ARGV[1]
local queue = { name = ARGV[2], pending = KEYS[10], bell = KEYS[11], held = KEYS[12], ready = KEYS[13] }
local labels = part(ARGV, 4, 3 + ARGV[3])
local runs = part(ARGV, #labels + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `labels` are limits, each followed by its key in clear. A run is its instant in ms since 1970 and its message, oldest first. Fired and skipped are 0 when others were faster. A
-- run with a key that is taken is skipped: an earlier one waits or is under way, in the queue that is returned, '' for none.
-- How the last run ended is JSON, '' for none.
--
-- Atomic because of all supervisors that try, one must find the instant unsettled. Without allow-oom: a full Redis refuses
-- before the first write, and the instant stays due.

local wrong = wrong_type('hash', keys.crons, keys.unique) or wrong_queues({ queue })
if wrong then
  return wrong
end
local its_messages = {}
for i = 2, #runs, 2 do
  its_messages[i / 2] = runs[i]
end
wrong = wrong_lines_of(keys, { queue }, its_messages)
if wrong then
  return wrong
end
local now = now_ms()
local record = redis.call('HMGET', keys.crons, cron .. ' until', cron .. ' paused', cron .. ' run', cron .. ' skipped')
local settled = noted(record[1])
if not settled then
  return { -1, 0 }
end
if record[2] then
  return { 0, 0, '', '' }
end

local messages, skipped, fired_at, held_in = {}, 0, nil, ''
for i = 1, #runs, 2 do
  local instant, message = tonumber(runs[i]), runs[i + 1]
  if instant > settled and instant <= now then
    settled = instant
    local digest = unique_digest(message)
    local holder = digest and redis.call('HGET', keys.unique, digest)
    if holder then
      skipped = skipped + 1
      held_in = string.match(holder, '^%S+')
    else
      if digest then
        redis.call('HSET', keys.unique, digest, queue.name .. ' ' .. message)
      end
      messages[#messages + 1] = message
      fired_at = instant
    end
  end
end

if #messages > 0 then
  enlist_new(keys, by_name({ queue }), queue, messages)
  -- a run may be of an earlier version of its task, which had other limits
  note_labels(keys, labels, messages)
  redis.call('HSET', keys.crons, cron .. ' fired', text(fired_at))
end
if skipped > 0 then
  redis.call('HSET', keys.crons, cron .. ' skipped', text((noted(record[4]) or 0) + skipped))
end
redis.call('HSET', keys.crons, cron .. ' until', text(settled))
return { #messages, skipped, held_in, record[3] or '' }
