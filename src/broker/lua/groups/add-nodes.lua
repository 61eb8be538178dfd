#!lua
-- adds nodes to a flow, each number once, and starts it with the last ones.
-- Returns the number of new nodes, -1 if the flow has ended, -2 if there is none, -3 for too many links.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local group, unsealed_ms, most_links, behind, starts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queues = {}
for i = 1, ARGV[6] do
  queues[i] = { name = ARGV[i + 6], pending = KEYS[2 * i + 4], bell = KEYS[2 * i + 5] }
end
local nodes = part(ARGV, #queues + 7, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `nodes` are, for each node, its number, what is known of it without its state (as NODE of lib/groups.lua reads it, from the number for
-- which it waits on), `<queue> <message>`, and the numbers of those that wait for it, '' for none. `behind` is the number of a running node
-- of the flow, '' for none: those that wait for that wait as well for the nodes of these for which no other waits. With `starts` these were
-- the last ones, and the flow begins. Each of these times each that waits for `behind` is a step for a promoter: more
-- than `most_links` would keep all others waiting for long.
--
-- Atomic because a flow must have all of its nodes before the first one ends. A repetition finds them, and adds none.

local wrong = wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
if not its or its.kind ~= 'f' then
  return -2
end
if its.state == 'abandoned' then
  return -1
elseif redis.call('HEXISTS', keys.groups, group .. ' n' .. nodes[1]) == 1 then
  return 0
elseif its.open <= 0 or is_over(its.state) or not groups.runs(its, behind) then
  return -1
end
-- those of a running flow for which no other waits, and what waits for them
local ends, hanging, links, covered = 0, '', 0, nil
for i = 4, #nodes, 4 do
  ends = ends + (nodes[i] == '' and 1 or 0)
end
if behind ~= '' then
  hanging, links, covered = groups.behind(its, tonumber(behind))
end
if ends * links > tonumber(most_links) then
  return -3
end
-- a flow that is there as a whole begins at once
local begins, ready = behind ~= '' or starts == '1' and its.total == 0, {}
for i = 1, #nodes, 4 do
  local number, about, entry, waiting = nodes[i], nodes[i + 1], nodes[i + 2], nodes[i + 3]
  if behind ~= '' and waiting == '' then
    waiting = hanging
    about = string.gsub(about, '^(%d+ %l+) %d', '%1 ' .. covered, 1)
  end
  if begins and string.find(about, '^0 ') then
    redis.call('HSET', keys.groups, group .. ' n' .. number, 'ready ' .. about)
    ready[#ready + 1] = entry
  else
    local id = string.match(entry, '^%S+ (....................)')
    redis.call('HSET', keys.groups, group .. ' n' .. number, 'waiting ' .. about, id, entry)
  end
  if waiting ~= '' then
    redis.call('HSET', keys.groups, group .. ' d' .. number, waiting)
  end
end
its.total, its.open = its.total + #nodes / 4, its.open + #nodes / 4
groups.write(its)
groups.hang_on(its, hanging, ends)
groups.send(ready)
if starts == '1' and behind == '' and groups.seal(its) and not begins then
  groups.start(its, 0)
elseif starts ~= '1' then
  redis.call('ZADD', keys.group_times, 'XX', text(now_ms() + unsealed_ms), group .. ' unsealed')
end
return #nodes / 4
