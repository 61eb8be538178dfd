-- Maps the name of each queue to its keys, `width` of them: queue, suspects, bell [, scheduled, dead, dead records].
local function index_queues(names, first_key, width)
  local index = {}
  for i, name in ipairs(names) do
    local at = first_key + (i - 1) * width
    index[name] = {
      queue = KEYS[at], suspects = KEYS[at + 1], bell = KEYS[at + 2],
      scheduled = KEYS[at + 3], dead = KEYS[at + 4], records = KEYS[at + 5],
    }
  end
  return index
end

-- Puts tasks back at the head of where they came from, oldest first. `tasks` holds { keys, message }, in any order.
local function put_back(tasks)
  -- enqueuedAt, then id: the order in which they were enqueued, as far as anyone can tell
  local function order(task)
    return string.sub(task.message, 26, 34) .. string.sub(task.message, 1, 20)
  end
  table.sort(tasks, function(a, b) return order(a) > order(b) end)
  for _, task in ipairs(tasks) do
    redis.call('LPUSH', is_suspect(task.message) and task.keys.suspects or task.keys.queue, task.message)
    ring(task.keys.bell)
  end
end
