-- Pauses of queues.

-- The end of a pause, 0 for never. Nil for a foreign field: that pauses nothing.
local function end_of(pause)
  local ends, since = string.match(pause, '^(%d+) {"since":(%d+),')
  return noted(since) and noted(ends)
end

-- Whether a queue with this field is paused; false for none.
local function is_paused(pause, now)
  local ends = pause and end_of(pause)
  return ends and (ends == 0 or ends > now)
end

-- The queues that are not paused, in their order, and the names of the others. A foreign key pauses nothing, because an
-- error has no fields: a promoter reports it.
local function without_paused(pauses, queues)
  local found = fields_of(pauses, queues)
  local now, open, paused = now_ms(), {}, {}
  for i, queue in ipairs(queues) do
    if is_paused(found[i], now) then
      paused[#paused + 1] = queue.name
    else
      open[#open + 1] = queue
    end
  end
  return open, paused[1] and table.concat(paused, ' ')
end

-- Ends a pause. A ring of that time may be used up: a child that came found nothing.
local function reopen(pauses, queue)
  local ended = redis.call('HDEL', pauses, queue.name) == 1
  if ended and redis.call('EXISTS', queue.pending, queue.quarantined, queue.held) > 0 then
    ring(queue.bell)
  end
end
