#!lua flags=allow-oom
-- ends finished tasks of a child that keep their results, and announces each to its sender.
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
local kept = {}
for i = 1, ARGV[2] do
  kept[i] = { name = ARGV[i + 3], result = KEYS[i + 6] }
end
local answering = {}
for i = 1, ARGV[3] do
  answering[i] = { name = ARGV[#kept + i + 3], answers = KEYS[#kept + i + 6] }
end
local results = part(ARGV, #kept + #answering + 4, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `kept` and `results` stand side by side: the ids of the tasks, with the keys of their results, and what is kept of each.
--
-- Atomic because only a registered child that still holds a task may end it, and a task must not end without its result.

local _, lost = registration(keys.session, child)
if lost then
  count_stale(keys.stats, #kept)
  return lost
end
local wrong = wrong_keys(keys)
if wrong then
  return wrong
end
local known_answering, ended = by_name(answering), 0
for i, task in ipairs(kept) do
  local held = redis.call('HGET', keys.claims, task.name)
  local _, message = split(held or '')
  if message then
    keep_result(task.result, message, results[i])
    if end_claim({ claims = keys.claims, id = task.name }) then
      free_key(keys.unique, message)
      announce(known_answering, message, results[i])
      ended = ended + 1
    end
  end
end
return ended
