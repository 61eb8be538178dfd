#!lua flags=no-writes
-- Where a reader of the stream begins that wants everything from some time on.
--
-- KEYS: 1 broadcasts
-- ARGV: 1 time, in ms of Redis time
-- Returns { id behind which to read, ordinal of the last entry up to there }
--
-- Atomic because the ordinal belongs to the id: an entry added in between would look like one that was lost.

local info, now = stream_info(KEYS[1]), now_ms()
local last, added = info['last-generated-id'], info['entries-added']
-- a clock that was set back: ids do not tell the time of their entries, and old ones must not run again
if tonumber(string.match(last, '^%d+')) > now then
  return { last, added }
end
local later = redis.call('XRANGE', KEYS[1], ARGV[1], '+')
if #later == 0 then
  return { last, added }
end
return { text(ARGV[1] - 1) .. '-18446744073709551615', added - #later }
