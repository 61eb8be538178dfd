#!lua flags=no-writes
-- Reads dead tasks of a queue in the order of their deaths; those of one instant by their ids.
--
-- KEYS: 1 dead, 2 dead records
-- ARGV: 1 `oldest` or `newest` first, 2 first and 3 last time of death in ms, or -inf and +inf, 4 how many at most,
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
return page
