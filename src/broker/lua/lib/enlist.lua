-- Every push of a task to where it can be claimed; but those to the head stand in lib/leave.lua, as a sender has no right to
-- LPUSH. Commands are written in full, because the rights in docs/redis-keys.md are read from these texts.

-- Tasks that were never claimed come to the tail.
local function enlist_new(queue, messages)
  redis.call('RPUSH', queue.pending, unpack(messages))
  ring(queue.bell)
end

-- Tasks come back to the tail. One that a process died with waits to run alone.
local function enlist(queue, messages)
  local pending, suspects = {}, {}
  for _, message in ipairs(messages) do
    local list = is_suspect(message) and suspects or pending
    list[#list + 1] = message
  end
  if #pending > 0 then
    redis.call('RPUSH', queue.pending, unpack(pending))
  end
  if #suspects > 0 then
    redis.call('RPUSH', queue.suspects, unpack(suspects))
  end
  ring(queue.bell)
end
