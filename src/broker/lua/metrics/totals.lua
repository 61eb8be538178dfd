#!lua flags=no-writes
-- reads the counts since the first.
-- Returns fields and values of the totals, and of the endings.
local keys = { totals = KEYS[1], endings = KEYS[2] }
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Atomic because a flush moves counts from the endings to the totals: read one after the other, a counter could go down.

local wrong = wrong_type('hash', keys.totals, keys.endings)
return wrong or { redis.call('HGETALL', keys.totals), redis.call('HGETALL', keys.endings) }
