-- After an attempt: counts it if it was one, notes it in the history, and lets the task run again, now at the tail of its
-- queue or later. One that a process died with before goes on alone. `task` holds { queue, message }, `attempt` holds
-- { delay, line, counts }.
local function try_again(task, unique, alarm, attempt)
  local queue, message = task.queue, task.message
  if attempt.counts then
    message = counted(message, 22, 23)
  end
  message = remembered(message, attempt.line)
  local due = now_ms() + attempt.delay
  message = string.sub(message, 1, 25) .. base36(due, 9) .. string.sub(message, 35)
  update_key(unique, queue.name, message)
  if attempt.delay > 0 then
    schedule(queue.scheduled, alarm, due, { message })
  else
    redis.call('RPUSH', is_suspect(message) and queue.suspects or queue.pending, message)
    ring(queue.bell)
  end
end
