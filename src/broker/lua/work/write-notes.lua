#!lua
-- adds to the notes of a task that the child holds, each call once.
-- Returns 1, or 0 if the child no longer holds it.
local keys = { session = KEYS[1], claims = KEYS[2], notes = KEYS[3] }
local child, id, noted, ended, number, progress = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local lines = part(ARGV, 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `noted` names their task, and how it ended if it has `ended`; `number` is that of the last call, by which one
-- that is repeated is recognised; `progress` is '' for none; `lines` are numbers of calls and lines, the oldest first.
--
-- Atomic because a child that has lost the task must not write over the notes of its next attempt.

local _, lost = registration(keys.session, child)
if lost then
  return lost
end
local wrong = wrong_type('hash', keys.claims) or wrong_type('string', keys.notes)
if wrong then
  return wrong
end
if redis.call('HEXISTS', keys.claims, id) == 0 then
  return 0
end

local stored = redis.call('GET', keys.notes) or ''
local writer, last, former, log = string.match(stored, '^(%S+) (%d+)\n[^\n]*\n([^\n]*)\n?(.*)$')
local seen = writer == child and tonumber(last) or 0
if tonumber(number) <= seen then
  return 1
end

local kept = {}
for line in string.gmatch(log or '', '[^\n]+') do
  kept[#kept + 1] = line
end
for i = 1, #lines, 2 do
  if tonumber(lines[i]) > seen then
    kept[#kept + 1] = lines[i + 1]
  end
end
local first, bytes = #kept + 1, 0
while first > 1 and #kept - first < 99 and bytes + #kept[first - 1] < 8192 do
  first = first - 1
  bytes = bytes + #kept[first] + 1
end

local notes = { child .. ' ' .. number, noted, progress ~= '' and progress or former or '' }
for i = first, #kept do
  notes[#notes + 1] = kept[i]
end
redis.call('SET', keys.notes, table.concat(notes, '\n'), 'EX', ended == '1' and 3600 or 86400)
return 1
