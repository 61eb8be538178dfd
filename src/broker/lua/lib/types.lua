-- Redis does not roll back, so a key that holds something foreign must be found before the first write.
-- Returns an error for the first of the keys that is neither missing nor of the kind.
local function wrong_type(kind, key, ...)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found)
  end
  return ... and wrong_type(kind, ...)
end

-- The same for all that the script has of the keys of queues.
local function wrong_queues(queues)
  for _, queue in ipairs(queues) do
    local wrong = queue.pending and wrong_type('list', queue.pending)
      or queue.quarantined and wrong_type('list', queue.quarantined)
      or queue.bell and wrong_type('list', queue.bell)
      or queue.scheduled and wrong_type('zset', queue.scheduled)
      or queue.dead and wrong_type('zset', queue.dead)
      or queue.records and wrong_type('hash', queue.records)
    if wrong then
      return wrong
    end
  end
end
