#!lua flags=no-writes
-- finds the place in the stream behind which a reader gets all entries since a time.
-- Returns the id of the place, the ordinal of the last entry up to it.
local broadcasts = KEYS[1]
local since_ms = ARGV[1]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the ordinal belongs to the id: an entry added in between would look like one that was lost.

local info, now = stream_info(broadcasts), now_ms()
local last, added = info['last-generated-id'], info['entries-added']
-- a clock that was set back: ids do not give the time of their entries, and old ones must not run again
if tonumber(string.match(last, '^%d+')) > now then
  return { last, added }
end
local later = redis.call('XRANGE', broadcasts, since_ms, '+')
if #later == 0 then
  return { last, added }
end
return { text(since_ms - 1) .. '-18446744073709551615', added - #later }
