#!lua flags=allow-oom
-- removes tasks that match from a part of a queue, from its tail, and frees their unique keys and slots.
-- Returns the number purged, the number looked at, how many at the tail were kept, the number left behind them.
local keys = {
  unique = KEYS[1],
  removed = KEYS[2],
  alarm = KEYS[3],
  endings = KEYS[4],
  catalog = KEYS[5],
  groups = KEYS[6],
  group_times = KEYS[7],
  groups_ended = KEYS[8],
  released = KEYS[9],
  limits = KEYS[10],
  slots = KEYS[11],
  rates = KEYS[12],
  paced = KEYS[13],
  waiters = KEYS[14],
  limit_labels = KEYS[15],
}
local place, passed, look, most_bytes, call, before = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queue = {
  name = ARGV[7],
  pending = KEYS[16],
  quarantined = KEYS[17],
  bell = KEYS[18],
  held = KEYS[19],
  ready = KEYS[20],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `place` is the key of the queue to purge: a part of it, from the tail on, behind `passed` tasks. `call` is how the body of a
-- task to purge begins, '' for any; it came into the queue before `before`, '' for any time.
--
-- Redis can take values out of a list at its ends, or search for them from there. So near the tail the purged ones are marked
-- and removed by one search. That would take too long further in: there the newest tasks that were passed over fill the
-- gaps, which makes no other task wait longer.
--
-- Of the lines of a queue, place `held`, the purged ones are removed by their bytes, and each of their lines is looked at once.
--
-- Atomic because a task must be in the queue or purged, and nobody may find a mark.

local wrong = wrong_type('hash', keys.unique)
  or wrong_type('zset', keys.removed)
  or wrong_groups(keys)
  or wrong_queues({ queue })
  or wrong_lines(keys, { queue })
if wrong then
  return wrong
end
local has_lines = place == 'held'
local list, kept = queue[place], tonumber(passed)
local left = size_of(queue, place) - kept
local is_deep = kept > 50000 and not has_lines
local most, enough = math.min(tonumber(look), left), is_deep and 50 or has_lines and 100 or kept > 0 and 300 or 1000
local in_lines, known_queues = {}, by_name({ queue })
local looked, bytes, count, gaps, purged, asking, members, tagged, now = 0, 0, 10, {}, {}, {}, {}, {}, now_ms()

local function is_wanted(message)
  return is_call(message, call)
    and (before == '' or (tonumber(string.sub(message, 26, 34), 36) or 0) < tonumber(before))
end

while looked < most and bytes < tonumber(most_bytes) and #gaps < enough do
  count = math.min(count, most - looked)
  local last = -1 - kept - looked
  local messages = range_of(queue, place, last - count + 1, last)
  for i = #messages, 1, -1 do
    local message = has_lines and message_in_line(messages[i]) or messages[i]
    looked, bytes = looked + 1, bytes + #message
    if is_wanted(message) then
      gaps[#gaps + 1] = -kept - looked
      in_lines[#gaps] = has_lines and messages[i] or nil
      free_key(keys.unique, message)
      if result_tag(message) then
        asking[#asking + 1] = text(now)
        asking[#asking + 1] = string.sub(message, 1, 20)
      end
      members[#members + 1] = member_of(message) and message or nil
      tagged[#tagged + 1] = has_tags(message) and message or nil
      local name = series_name(keys, message)
      purged[name] = (purged[name] or 0) + 1
      if #gaps == enough then
        break
      end
    end
  end
  count = math.max(1, math.min(200, math.floor(looked * 100000 / bytes)))
end

-- They leave their lines all at once, so that none of them is woken for what another one leaves.
local function leave_lines(entries)
  use_lines(keys, known_queues)
  local seen, may_start = {}, false
  redis.call('ZREM', queue.held, unpack(entries))
  for _, entry in ipairs(entries) do
    local line = line_in(entry)
    if not seen[line] then
      seen[line] = true
      may_start = go_on(queue, line, first_in_line(queue, line)[1], false) or may_start
    end
  end
  if may_start then
    ring(queue.bell)
  end
end

-- Lines wait no more for what lay in the list.
local function leave_list()
  use_lines(keys, known_queues)
  local line_at, lines = {}, {}
  for i, message in ipairs(tagged) do
    line_at[i] = may_have_limits(message) and line_of(message)
    lines[#lines + 1] = line_at[i] or nil
  end
  read_lines(queue, lines)
  local may_start = false
  for i, message in ipairs(tagged) do
    if line_at[i] and may_be_listed(queue, line_at[i], message) then
      may_start = unlist(queue, line_at[i]) or may_start
    end
  end
  return may_start
end

if #in_lines > 0 then
  leave_lines(in_lines)
elseif #gaps == looked and kept == 0 then
  redis.call('RPOP', list, looked)
elseif is_deep then
  -- with each of them the tail comes nearer by one
  for i = 1, #gaps do
    redis.call('LSET', list, gaps[i] + i, redis.call('RPOP', list))
  end
elseif #gaps > 0 then
  local mark = '\0purged ' .. redis.sha1hex(place .. passed)
  for i = 1, #gaps do
    redis.call('LSET', list, gaps[i], mark)
  end
  redis.call('LREM', list, -#gaps, mark)
end
if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then
  ring(queue.bell)
end
remember_removed(keys.removed, now, asking)
-- one in a line, or a quarantined one, may keep a slot
for _, message in ipairs(tagged) do
  end_limits(keys, known_queues, queue, message, WAITING)
end
for _, message in ipairs(members) do
  leave_group(keys, known_queues, message, 'cancelled')
end
for name, number in pairs(purged) do
  note_endings(keys, queue.name, name, 'cancelled', number)
end
return { #gaps, looked, kept + looked - #gaps, left - looked }
