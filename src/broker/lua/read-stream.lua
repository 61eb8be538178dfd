#!lua flags=no-writes
-- Reads the next entries of the stream, and what tells whether any are missing.
--
-- KEYS: 1 broadcasts
-- ARGV: 1 id behind which to read, 2 how many entries at most
-- Returns { id of the last entry ever, how many were ever added, how many are left, entries }
--
-- Atomic because the counts are compared with the entries: one that is trimmed in between would not be missed.

local info = stream_info(KEYS[1])
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return { info['last-generated-id'], info['entries-added'], info.length, entries }
