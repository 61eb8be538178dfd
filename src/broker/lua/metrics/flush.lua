#!lua flags=allow-oom
-- adds the counts of a child to the minute, the ten minutes and the totals, each flush once.
-- Returns 0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms.
local keys = {
  metrics = KEYS[1],
  metrics_ten = KEYS[2],
  totals = KEYS[3],
  endings = KEYS[4],
  flushed = KEYS[5],
}
local minute, number = ARGV[1], ARGV[2]
local counts = part(ARGV, 3, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `counts` are series and their counts, at most 100. A caller whose minute is not that of Redis asks again with the right one.
--
-- Atomic because the number of a flush and its counts must appear together: a flush whose reply was lost comes again.

local now = now_ms()
if math.abs(math.floor(now / 60000) - minute) > 1 then
  return { 0, now }
end
local wrong = wrong_metrics(keys) or wrong_type('string', keys.flushed)
if wrong then
  return wrong
end
if tonumber(number) <= (noted(redis.call('GET', keys.flushed)) or 0) then
  return { 1, now }
end
redis.call('SET', keys.flushed, number, 'EX', 3600)
for i = 1, #counts, 2 do
  add_counts(keys, counts[i], read_counts(counts[i + 1]))
end
add_endings(keys)
keep_metrics(keys)
return { 1, now }
