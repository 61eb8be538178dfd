#!lua
-- adds nodes to a flow, each number once, and starts it with the last ones.
-- Returns the number of new nodes, -1 if the flow has ended, -2 if there is none.
local keys = {
  alarm = KEYS[1],
  groups = KEYS[2],
  group_times = KEYS[3],
  groups_ended = KEYS[4],
  released = KEYS[5],
}
local group, unsealed_ms, behind, last, starts, from = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local queues = {}
for i = 1, ARGV[7] do
  queues[i] = { name = ARGV[i + 7], pending = KEYS[2 * i + 4], bell = KEYS[2 * i + 5] }
end
local nodes = part(ARGV, #queues + 8, #ARGV)
-- Everything above comes from scripts.ts: npm run generate writes it.

-- `nodes` are, for each node, its number, what is known of it without its state (as NODE of lib/groups.lua reads it, from the number for
-- which it waits on), `<queue> <message>`, and the numbers of those that wait for it, '' for none. `behind` is the number of a running node
-- of the flow, '' for none: those that wait for that wait for `last` as well, the nodes of these for which no other waits. With `starts`
-- these were the last ones, and the flow begins; with `behind` it has begun.
--
-- Atomic because a flow must have all of its nodes before the first one ends. A repetition finds them, and adds none.

local wrong = wrong_groups(keys) or wrong_queues(queues)
if wrong then
  return wrong
end
local groups = groups_of(keys, by_name(queues))
local its = groups.read(group)
if not its or its.open <= 0 or groups.is_over(its) then
  return its and -1 or -2
end
local added, first = 0, nil
for i = 1, #nodes, 4 do
  local number, about, entry, waiting = nodes[i], nodes[i + 1], nodes[i + 2], nodes[i + 3]
  if redis.call('HSETNX', keys.groups, group .. ' n' .. number, 'waiting ' .. about) == 1 then
    local id = string.match(entry, '^%S+ (....................)')
    redis.call('HSET', keys.groups, id, entry)
    if waiting ~= '' then
      redis.call('HSET', keys.groups, group .. ' d' .. number, waiting)
    end
    first = first or tonumber(number)
    added = added + 1
  end
end
its.total, its.open = its.total + added, its.open + added
groups.write(its)
if added > 0 and behind ~= '' then
  groups.hang_on(its, tonumber(behind), last)
end
if starts == '1' then
  if behind ~= '' then
    groups.start(its, tonumber(from))
  elseif groups.seal(its) then
    groups.start(its, 0)
  end
else
  redis.call('ZADD', keys.group_times, 'XX', text(now_ms() + unsealed_ms), group .. ' unsealed')
end
return added
