#!lua flags=allow-oom
-- Records how broadcasts ended, each in one process; and that a machine is done with those it runs once.
--
-- KEYS: the broadcast of each record
-- ARGV: 1 seconds to remember, then per record: process, outcome (JSON), machine that is done or ''
-- Returns how many records there were.
--
-- Atomic because a machine that is done without its outcome, or the other way round, would run it again or hide it.

local wrong = wrong_type('hash', 1, #KEYS)
if wrong then
  return wrong
end
for i, key in ipairs(KEYS) do
  local at = 3 * i - 1
  redis.call('HSET', key, ARGV[at], ARGV[at + 1])
  if ARGV[at + 2] ~= '' then
    redis.call('HSET', key, '@' .. ARGV[at + 2], 'done')
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return #KEYS
