#!lua flags=allow-oom
-- ends finished tasks of a child and frees their unique keys.
-- Returns the number that the child still held.
local keys = {
  session = KEYS[1],
  claims = KEYS[2],
  stats = KEYS[3],
  unique = KEYS[4],
  cancelled = KEYS[5],
  alarm = KEYS[6],
}
local child = ARGV[1]
local ids = part(ARGV, 2, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Fewer than given may be a repetition, so only those of a lost lease are counted.
--
-- Atomic because only a registered child that still holds a task may end it: the check and the removal are one.

local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #ids)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
return finish(keys, ids)
