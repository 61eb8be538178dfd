-- Something foreign where a task comes to, or leaves. A foreign bell stops no child: each finds the task when it looks by itself.
local function wrong_targets(queues)
  local wrong
  for _, queue in ipairs(queues) do
    wrong = wrong or wrong_type('list', queue.pending, queue.quarantined) or wrong_type('zset', queue.scheduled)
  end
  return wrong
end

-- Adds a message that takes its unique key, now or when it is due. `held` is `<queue> <message>` of the task that had the key, if one had it:
-- if it waits, it is removed; if it runs, it goes on. The caller has checked the types of all keys.
local function take_key(keys, known_queues, target, message, due, now, held)
  -- the task itself first: should Redis refuse that, nothing has happened yet
  message = due <= now and may_have_limits(message) and not_ahead(keys, target, message, now) or message
  if due > now then
    schedule(target.scheduled, keys.alarm, due, { message })
  else
    enlist_new(keys, known_queues, target, { message })
  end
  if held then
    local its_name, former = split(held)
    local its_queue = known_queues[its_name]
    local removed = its_queue and remove(keys, known_queues, its_queue, 'scheduled', former) or 0
    if its_queue and removed == 0 then
      removed = remove(keys, known_queues, its_queue, place_of(former), former)
    end
    if removed > 0 and result_tag(former) then
      remember_removed(keys.removed, now, { text(now), string.sub(former, 1, 20) })
    end
  end
  redis.call('HSET', keys.unique, unique_digest(message), target.name .. ' ' .. message)
end
