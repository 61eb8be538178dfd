#!lua flags=no-writes
-- reads the counts of minutes or ten minutes, as many as are not too large at once.
-- Returns fields and values of each, from the first on, of one at least.
local most_bytes = ARGV[1]
local minutes = {}
for i = 1, ARGV[2] do
  minutes[i] = { name = ARGV[i + 2], metrics = KEYS[i] }
end
local tens = {}
for i = 1, #ARGV - (#minutes + 2) do
  tens[i] = { name = ARGV[#minutes + i + 2], metrics_ten = KEYS[#minutes + i] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- A script because a week has a thousand hashes, most of them small.

local all = {}
for _, minute in ipairs(minutes) do
  all[#all + 1] = minute.metrics
end
for _, ten in ipairs(tens) do
  all[#all + 1] = ten.metrics_ten
end
local pages, bytes = {}, 0
for at, key in ipairs(all) do
  if bytes >= tonumber(most_bytes) then
    break
  end
  local wrong = wrong_type('hash', key)
  if wrong then
    return wrong
  end
  pages[at] = redis.call('HGETALL', key)
  for _, value in ipairs(pages[at]) do
    bytes = bytes + #value
  end
end
return pages
