#!lua flags=allow-oom
-- notes that the last runs of crons are gone, where nothing has noted their end.
-- Returns the time.
local crons, unique = KEYS[1], KEYS[2]
local tolerance_ms = ARGV[1]
local entries = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- An entry is the name of a cron that counts from the end of its runs, and the digest of the key that its runs have. The tolerance says how far a
-- record may be ahead of the clock.
--
-- Atomic because an end that is noted for a run that has just begun would let the next one begin too early.

local now = now_ms()
for i = 1, #entries, 2 do
  local name, digest = entries[i], entries[i + 1]
  local former = redis.call('HMGET', crons, name .. ' until', name .. ' ended')
  local settled, ended = noted(former[1]), noted(former[2])
  local is_noted = ended and settled and ended >= settled and ended <= now + tolerance_ms
  if settled and not is_noted and redis.call('HEXISTS', unique, digest) == 0 then
    redis.call('HSET', crons, name .. ' ended', text(now))
  end
end
return now
