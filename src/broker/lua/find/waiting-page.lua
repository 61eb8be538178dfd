#!lua flags=no-writes
-- reads tasks that wait in a queue, all or those of one name or id.
-- Returns the number looked at, where to go on, the number left there, and of each task the beginning of its message,
-- when it is due (nothing if it is not scheduled), the number looked at up to it, and 1 if a limit holds it back.
local keys = { gates = KEYS[1], waiters = KEYS[2] }
local place, order, at, limit, look, most_bytes, shown, call, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local queue = {
  name = ARGV[10],
  pending = KEYS[3],
  quarantined = KEYS[4],
  scheduled = KEYS[5],
  held = KEYS[6],
  ready = KEYS[7],
}
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `place` is the key of the queue to read, `order` is `oldest` (from the head on) or `newest` (from the tail on). `at` counts from
-- the tail, so that tasks that leave at the head move nothing: with `oldest` it is how many are left up to the tail, with
-- `newest` how many at the tail to pass over. `shown` is how many bytes of each message to return. `id` is how an id begins, '' for any; `call` how the body of a call does.
--
-- The places of a queue with lines are counted line by line, each in its order.
--
-- A script because only the beginning of some messages is wanted. Some may be large, so it takes few at first.

local is_schedule, has_lines = place == 'scheduled', place == 'held'
local size = is_schedule and redis.call('ZCARD', queue.scheduled) or size_of(queue, place)

-- In their order, with the time at which each is due, or with its line.
local function read(first, last)
  if not is_schedule and not has_lines then
    return range_of(queue, place, first, last), {}
  end
  local messages, dues, lines = {}, {}, {}
  if has_lines then
    for i, entry in ipairs(range_of(queue, place, first, last)) do
      messages[i], lines[i] = message_in_line(entry), line_in(entry)
    end
    return messages, dues, lines
  end
  local entries = redis.call('ZRANGE', queue[place], first, last, 'WITHSCORES')
  for i = 1, #entries, 2 do
    messages[#messages + 1] = entries[i]
    dues[#dues + 1] = entries[i + 1]
  end
  return messages, dues
end

local waiting, all_wait = {}, (place == 'pending' or has_lines) and waits_as_whole(keys, queue)
local function waits(line)
  if waiting[line] == nil then
    waiting[line] = is_held_back(queue, line)
  end
  return waiting[line]
end

local newest, position = order == 'newest', math.min(tonumber(at), size)
local left = newest and size - position or position
local most, looked, bytes, count, page = math.min(tonumber(look), left), 0, 0, 10, {}
local is_full = false
while looked < most and bytes < tonumber(most_bytes) and not is_full do
  count = math.min(count, most - looked)
  local last = newest and -1 - position - looked or looked - position + count - 1
  local messages, dues, lines = read(last - count + 1, last)
  for i = newest and #messages or 1, newest and 1 or #messages, newest and -1 or 1 do
    local message = messages[i]
    looked, bytes = looked + 1, bytes + #message
    if string.sub(message, 1, #id) == id and is_call(message, call) then
      page[#page + 1] = string.sub(message, 1, tonumber(shown))
      page[#page + 1] = dues[i] or ''
      page[#page + 1] = looked
      page[#page + 1] = (all_wait or lines and waits(lines[i])) and 1 or 0
      is_full = #page == 4 * limit
      if is_full then
        break
      end
    end
  end
  count = math.max(1, math.min(500, math.floor(looked * 100000 / bytes)))
end
return { looked, newest and position + looked or position - looked, left - looked, page }
