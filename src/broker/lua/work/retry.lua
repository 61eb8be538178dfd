#!lua flags=allow-oom
-- lets a task run again after an attempt, now or later.
-- Returns 1, or 0 if the child no longer held it or the attempt was counted before.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  unique = KEYS[3],
  cancelled = KEYS[4],
  alarm = KEYS[5],
  endings = KEYS[6],
  catalog = KEYS[7],
  groups = KEYS[8],
  group_times = KEYS[9],
  groups_ended = KEYS[10],
  released = KEYS[11],
  limits = KEYS[12],
  slots = KEYS[13],
  rates = KEYS[14],
  paced = KEYS[15],
  waiters = KEYS[16],
  limit_labels = KEYS[17],
}
local child, id, failures, delay, line, counts, stopped, stopped_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local queue = {
  name = ARGV[9],
  pending = KEYS[18],
  quarantined = KEYS[19],
  bell = KEYS[20],
  scheduled = KEYS[21],
  dead = KEYS[22],
  records = KEYS[23],
  held = KEYS[24],
  ready = KEYS[25],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `failures` before this attempt are two digits, base 36; `counts` is 1 when it counts as one, 0 when nothing was tried;
-- `line` goes to the history. `stopped` is a limit under which nothing starts for `stopped_ms`, or ''.
--
-- Atomic because a task must be in one place. The failures guard a copy of this command that arrives late: by then the
-- same child may hold the task for the next attempt.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_keys(keys) or wrong_queues({ queue })
if wrong then
  return wrong
end
local held = redis.call('HGET', keys.claims, id)
local task = held and held_task(keys.claims, id, held, by_name({ queue }))
if not task or string.sub(task.message, 22, 23) ~= failures then
  return 0
end
-- whatever tags it has: the short form cannot stop anything
if stopped ~= '' and not IS_WHOLE then
  return whole_needed()
end
wrong = member_of(task.message) and wrong_groups(keys) or wrong_lines_of(keys, { queue }, { task.claimed })
if wrong then
  return wrong
end
if stopped ~= '' then
  use_lines(keys, task.known_queues)
  stop_limit(stopped, tonumber(stopped_ms))
end
if not end_cancelled(keys, task) then
  try_again(keys, task, { delay = tonumber(delay), line = line, counts = counts == '1' })
end
return 1
