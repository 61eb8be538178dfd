-- Counts acks that change nothing, because others were given the tasks and may have run them as well. It is all that a
-- child without a registration can change. A count that is refused must not undo the change that it counts.
local function count_stale(stats, acks)
  if acks > 0 then
    redis.pcall('HINCRBY', stats, 'stale-acks', acks)
  end
end
