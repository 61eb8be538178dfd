#!lua flags=no-writes
-- reads dead tasks of a queue by time of death, then id.
-- Returns 1 if there are more, a member that is no dead task and was passed over, then id, time of death and record of
-- each.
local order, since, till, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = { dead = KEYS[1], records = KEYS[2] }
local after = part(ARGV, 6, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- From the `oldest` or the `newest` on, between the times `since` and `till` in ms (or -inf and +inf), until the records have so many bytes;
-- `after` is time and id of the death to go on behind, whether or not that is still there, or nothing.
--
-- Atomic because positions move while tasks die and leave.

-- Numbers in two halves, which a double holds exactly: strings are compared by the locale of the server.
local function is_before(id, other)
  local a, b = tonumber(string.sub(id, 1, 10), 36) or 0, tonumber(string.sub(other, 1, 10), 36) or 0
  if a == b then
    a, b = tonumber(string.sub(id, 11, 20), 36) or 0, tonumber(string.sub(other, 11, 20), 36) or 0
  end
  return a < b
end

-- Others may have put anything here.
local function is_death(id, died_at)
  return #id == 20 and not string.find(id, '[^0-9a-z]') and noted(died_at)
end

local newest = order == 'newest'
local from = redis.call('ZCOUNT', queue.dead, '-inf', '(' .. since)
local behind_last = redis.call('ZCOUNT', queue.dead, '-inf', till)
local died_at, id = after[1], after[2]
if died_at then
  -- where that death would stand among those of its instant
  local low = redis.call('ZCOUNT', queue.dead, '-inf', '(' .. died_at)
  local high = redis.call('ZCOUNT', queue.dead, '-inf', died_at)
  -- where it stands: what is no death may be out of order
  local there = redis.call('ZSCORE', queue.dead, id) == died_at
  if there then
    low = redis.call('ZRANK', queue.dead, id)
  end
  while not there and low < high do
    local middle = math.floor((low + high) / 2)
    if is_before(redis.call('ZRANGE', queue.dead, middle, middle)[1], id) then
      low = middle + 1
    else
      high = middle
    end
  end
  if newest then
    behind_last = math.min(behind_last, low)
  else
    from = math.max(from, there and low + 1 or low)
  end
end

local page, count, bytes = { 0, '' }, 0, 0
local rank, step = newest and behind_last - 1 or from, newest and -1 or 1
while rank >= from and rank < behind_last do
  if count == tonumber(most) or bytes >= tonumber(most_bytes) then
    page[1] = 1
    break
  end
  local death = redis.call('ZRANGE', queue.dead, rank, rank, 'WITHSCORES')
  if is_death(death[1], death[2]) then
    local record = redis.call('HGET', queue.records, death[1]) or ''
    page[#page + 1] = death[1]
    page[#page + 1] = death[2]
    page[#page + 1] = record
    count, bytes = count + 1, bytes + #record
  else
    page[2] = death[1]
  end
  rank = rank + step
end
return page
