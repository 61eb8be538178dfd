#!lua flags=no-writes
-- reads the next entries, with counts that show a gap.
-- Returns id of the last entry ever, entries ever added, entries left, the entries.
local broadcasts = KEYS[1]
local after, most = ARGV[1], ARGV[2]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because the counts are compared with the entries: one that is trimmed in between would not be missed.

local info = stream_info(broadcasts)
local entries = redis.call('XRANGE', broadcasts, '(' .. after, '+', 'COUNT', most)
return { info['last-generated-id'], info['entries-added'], info.length, entries }
