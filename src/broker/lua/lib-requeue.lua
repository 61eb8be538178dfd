-- What a claims hash holds for a task is `<queue> <message>`.
local function split(held)
  local space = string.find(held, ' ', 1, true)
  return string.sub(held, 1, space - 1), string.sub(held, space + 1)
end

-- A process died with this task before: see the header layout in task-message.ts. Foreign bytes have no counters.
local function is_suspect(message)
  return not is_foreign(message) and string.sub(message, 24, 25) ~= '00'
end

-- Maps the name of each queue to its keys, `width` of them: queue, suspects, bell [, dead, dead records].
local function index_queues(names, first_key, width)
  local index = {}
  for i, name in ipairs(names) do
    local at = first_key + (i - 1) * width
    index[name] = { queue = KEYS[at], suspects = KEYS[at + 1], bell = KEYS[at + 2], dead = KEYS[at + 3], records = KEYS[at + 4] }
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
