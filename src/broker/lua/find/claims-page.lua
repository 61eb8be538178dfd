#!lua flags=no-writes
-- reads what a child holds, by id.
-- Returns 1 if there are more, then id and beginning of each.
local claims = KEYS[1]
local after, limit, most_bytes, shown = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `after` is the id to go on behind, or ''; `shown` how many bytes of each message to return, of which the name of the queue takes
-- some more. A script because messages may be large, and only their beginning is wanted.

local ids, page, bytes = redis.call('HKEYS', claims), { 0 }, 0
table.sort(ids)
for _, id in ipairs(ids) do
  if id > after then
    if #page > 2 * limit or bytes >= tonumber(most_bytes) then
      page[1] = 1
      break
    end
    local held = redis.call('HGET', claims, id)
    page[#page + 1] = id
    page[#page + 1] = string.sub(held, 1, 200 + tonumber(shown))
    bytes = bytes + #held
  end
end
return page
