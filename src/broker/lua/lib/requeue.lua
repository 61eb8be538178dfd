-- The task of a claim with the keys of its queue, or an error when the caller did not give those.
local function task_held(held, known_queues)
  local name, message = split(held)
  if not known_queues[name] then
    return redis.error_reply('UNKNOWN_QUEUE ' .. name)
  end
  return { queue = known_queues[name], message = message }
end

-- Puts tasks back at the head of where they came from, oldest first. `tasks` holds { queue, message }, in any order.
local function put_back(tasks)
  -- enqueuedAt, then id: the order in which they were enqueued, as far as anyone can tell
  local function order(task)
    return string.sub(task.message, 26, 34) .. string.sub(task.message, 1, 20)
  end
  table.sort(tasks, function(a, b) return order(a) > order(b) end)
  for _, task in ipairs(tasks) do
    redis.call('LPUSH', is_suspect(task.message) and task.queue.suspects or task.queue.pending, task.message)
    ring(task.queue.bell)
  end
end
