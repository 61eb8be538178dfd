-- Every push of a task to where it can be claimed.

-- Tasks that were never claimed come to the tail.
local function enlist_new(queue, messages)
  redis.call('RPUSH', queue.pending, unpack(messages))
  ring(queue.bell)
end

local function push(list, messages, at_head)
  if #messages > 0 and at_head then
    redis.call('LPUSH', list, unpack(messages))
  elseif #messages > 0 then
    redis.call('RPUSH', list, unpack(messages))
  end
end

-- Tasks come back, to the tail or to the head. One that a process died with waits to run alone.
local function enlist(queue, messages, at_head)
  local pending, quarantined = {}, {}
  for _, message in ipairs(messages) do
    local list = is_quarantined(message) and quarantined or pending
    list[#list + 1] = message
  end
  push(queue.pending, pending, at_head)
  push(queue.quarantined, quarantined, at_head)
  ring(queue.bell)
end
