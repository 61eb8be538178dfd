-- Every way in which a task leaves a state: it ends, is given back, or dies here and nowhere else. So all that hangs on the
-- end of a task is written once.
--
-- A script checks the types of all keys first (`wrong_keys`, `wrong_queues`) and finds the claims (`held_tasks`). Each way
-- writes the move and then ends the claim. The effects of the end happen only if the claim was there: Redis does not roll
-- back, and a task that is there twice for a moment is better than one that is nowhere.
--
-- `keys` are those of the script that belong to no queue. A task is { claims, id, queue, message }: the hash that holds it,
-- and the keys of its queue.

-- A foreign alarm is none of them: a ring that is refused undoes nothing.
local function wrong_keys(keys)
  return (keys.claims and wrong_type('hash', keys.claims))
    or wrong_type('hash', keys.unique)
    or wrong_type('zset', keys.cancelled)
end

-- The task of an entry of the claims. Nil for one that is no task, or of a queue whose keys the script does not have: others
-- wrote it.
local function held_task(claims, id, held, known_queues)
  local name, message = split(held)
  local queue = known_queues[name]
  return queue and {
    claims = claims,
    id = id,
    queue = queue,
    claimed = message,
    message = without_gate(message),
    known_queues = known_queues,
  }
end

-- The end of a claim, and the only one of a single task.
local function end_claim(task)
  return redis.call('HDEL', task.claims, task.id) == 1
end

-- active to done, or to dropped. By ids, because short tasks end by the hundred.
-- Returns how many were held.
local function finish(keys, ids)
  if #ids == 0 then
    return 0
  end
  local keyed = redis.call('EXISTS', keys.unique) == 1
  local held = keyed and redis.call('HMGET', keys.claims, unpack(ids)) or {}
  local ended = redis.call('HDEL', keys.claims, unpack(ids))
  for _, found in ipairs(held) do
    local message = found and select(2, split(found))
    if message then
      free_key(keys.unique, message)
    end
  end
  return ended
end

-- active to cancelled.
local function end_as_cancelled(keys, task)
  if end_claim(task) then
    free_key(keys.unique, task.message)
    note_ending(keys, task.queue.name, task.message, 'cancelled')
    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)
    leave_group(keys, task.known_queues, task.message, 'cancelled')
  end
end

-- A task that was cancelled while it was active ends in this way and no other. Returns whether it was cancelled.
local function end_cancelled(keys, task)
  local was_cancelled = is_cancelled(keys.cancelled, task.message)
  if was_cancelled then
    end_as_cancelled(keys, task)
  end
  return was_cancelled
end

-- The notes of a task stay as long as its record. A foreign key in place of notes must not keep the task from its end.
local function keep_notes(task)
  local notes = task.notes and redis.pcall('GET', task.notes)
  if type(notes) == 'string' then
    redis.pcall('HSET', task.queue.dead_notes, task.id, notes)
    redis.call('DEL', task.notes)
  end
end

-- active to dead: it will not run again. `answering` has the keys by which senders wait for results.
local function bury(keys, task, report, answering)
  redis.call('ZADD', task.queue.dead, text(now_ms()), task.id)
  redis.call('HSET', task.queue.records, task.id, report .. '\n' .. task.message)
  keep_failure(task.result, task.message, report)
  if end_claim(task) then
    free_key(keys.unique, task.message)
    keep_notes(task)
    announce(answering, task.message)
    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)
    leave_group(keys, task.known_queues, task.message, 'dead', report)
  end
end

-- On the schedule for `due`, or at the tail of its queue. Returns the message with that time.
local function wait_until(keys, queues, queue, message, due, is_later)
  message = string.sub(message, 1, 25) .. base36(due, 9) .. string.sub(message, 35)
  if is_later then
    schedule(queue.scheduled, keys.alarm, due, { message })
  else
    enlist(keys, queues, queue, { message }, false)
  end
  return message
end

-- active to scheduled, pending or quarantined: after an attempt it runs again, now at the tail of its queue or later.
-- `attempt` holds { delay, line, counts }.
local function try_again(keys, task, attempt)
  local queue, message = task.queue, task.message
  if attempt.counts then
    message = counted(message, 22, 23)
  end
  message = keep_ordered(keys, task, remembered(message, attempt.line))
  message = wait_until(keys, task.known_queues, queue, message, now_ms() + attempt.delay, attempt.delay > 0)
  if end_claim(task) then
    update_key(keys.unique, queue.name, message)
    give_up_slots(keys, task, message)
  end
end

-- active to pending or quarantined: back to the head of their queues, the oldest first. The cancelled among them end.
local function put_back(keys, tasks)
  -- enqueuedAt, then id: the best guess of the order in which they were enqueued
  local function order(task)
    return string.sub(task.message, 26, 34) .. string.sub(task.message, 1, 20)
  end
  table.sort(tasks, function(a, b) return order(a) > order(b) end)
  local any_cancelled = redis.call('EXISTS', keys.cancelled) == 1
  for _, task in ipairs(tasks) do
    if not any_cancelled or not end_cancelled(keys, task) then
      local message = keep_ordered(keys, task, task.message)
      enlist(keys, task.known_queues, task.queue, { message }, true)
      if end_claim(task) then
        update_key(keys.unique, task.queue.name, message)
        give_up_slots(keys, task, message)
      end
    end
  end
end

-- Foreign bytes among the claims are no task that could run: they are kept among the dead, where people find it.
local function bury_stray(keys, queues, queue, claims, id, held)
  if not queue then
    return
  end
  local made_up = 'undecodable' .. string.sub(redis.sha1hex(id .. ' ' .. held), 1, 9)
  local report = '{"code":"UNDECODABLE_MESSAGE","error":"It lay among the claims of a child that is gone, '
    .. 'and is no task of a queue that its worker serves.","host":"","pid":0}'
  redis.call('ZADD', queue.dead, text(now_ms()), made_up)
  redis.call('HSET', queue.records, made_up, report .. '\n' .. made_up .. '?' .. held)
  note_ending(keys, queue.name, '', 'dead')
  local _, message = split(held)
  if end_claim({ claims = claims, id = id }) and message then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, CLAIMED)
  end
end

-- Redis finds a value by a search from an end of its list, which would hold up the others for long. So the newest task, whose
-- wait that shortens, takes the place of the one to remove. That had about `passed` tasks behind it.
local function remove_deep(list, passed, message)
  for at = passed - 1000, passed + 2000, 500 do
    local messages = redis.call('LRANGE', list, -at - 500, -at - 1)
    for i = 1, #messages do
      if messages[i] == message then
        -- it is not the last, so the tail comes nearer by one
        redis.call('LSET', list, i - #messages - at, redis.call('RPOP', list))
        return 1
      end
    end
  end
  return 0
end

-- Whether a task with a line can lie in the list of its queue.
local function may_be_listed(queue, line, message)
  local mark, turn = state_of(queue, mark_of(line)), turn_of(message)
  return mark == LISTED + turn or mark == BEHIND + turn
end

-- Where a task waits that is not scheduled.
local function place_of(message)
  return is_quarantined(message) and 'quarantined' or 'pending'
end

local function remove_listed(list, message, passed)
  if passed and passed > 50000 then
    return remove_deep(list, passed, message)
  end
  -- from the tail: most tasks to remove were sent of late
  return redis.call('LREM', list, -1, message)
end

-- pending, held, quarantined or scheduled to nowhere: a task that waits in this place is cancelled, or replaced. `passed` is how
-- many tasks stood behind it when it was found, if anyone looked. One with a line may have come from the list into that since.
-- Returns 1, or 0 when it is there no more.
local function remove(keys, queues, queue, place, message, passed)
  local removed, entry, line = 0, nil, nil
  if (place == 'pending' or place == 'held') and may_have_limits(message) then
    entry, line = place_in_line(message)
  end
  if place == 'scheduled' then
    removed = redis.call('ZREM', queue.scheduled, message)
  elseif not entry then
    removed = place == 'held' and 0 or remove_listed(queue[place], message, passed)
  else
    use_lines(keys, queues)
    removed = redis.call('ZREM', queue.held, entry)
    if removed > 0 then
      if go_on(queue, line, first_in_line(queue, line)[1], false) then
        ring(queue.bell)
      end
    else
      local is_listed = may_be_listed(queue, line, message)
      -- one that others have put there has no mark; a search that has found it goes on until it is gone
      removed = (is_listed or passed and place == 'pending') and remove_listed(queue.pending, message, passed) or 0
      if removed > 0 and is_listed and change_at_once(unlist, queue, line) then
        ring(queue.bell)
      end
    end
  end
  if removed > 0 then
    free_key(keys.unique, message)
    end_limits(keys, queues, queue, message, WAITING)
  end
  return removed
end

-- dead to nowhere, or to where its caller has put it.
local function forget_dead(queue, ids)
  redis.call('ZREM', queue.dead, unpack(ids))
  redis.call('HDEL', queue.records, unpack(ids))
  redis.pcall('HDEL', queue.dead_notes, unpack(ids))
end

-- dead to nowhere, for good. Members of groups leave these: mostly there are none, and no record is read for that.
local function delete_dead(keys, queue, ids)
  local records = redis.call('EXISTS', keys.groups) == 1 and redis.call('HMGET', queue.records, unpack(ids)) or {}
  forget_dead(queue, ids)
  local known_queues = {}
  for _, record in ipairs(records) do
    if record then
      leave_group(keys, known_queues, message_of(record), 'deleted')
    end
  end
end

-- dead to pending: to the tail, as if they had just been sent. Each takes its key if that is free. `noting` has the keys for
-- the notes of those that have some, `kept` those of results: what became of them before is forgotten.
local function redrive(keys, queue, ids, messages, noting, kept)
  local known_queues = {}
  for i, message in ipairs(messages) do
    if member_of(message) and not shared_groups(keys, known_queues).redriven(message) then
      messages[i] = without_group(message)
    end
  end
  known_queues[queue.name] = queue
  enlist_new(keys, known_queues, queue, messages)
  for _, id in ipairs(ids) do
    if kept[id] then
      redis.call('DEL', kept[id].result)
    end
    local notes = noting[id] and redis.pcall('HGET', queue.dead_notes, id)
    if type(notes) == 'string' then
      redis.call('SET', noting[id].notes, notes, 'EX', 86400)
    end
  end
  -- else it would end without a trace when it is given back or retried
  redis.call('ZREM', keys.cancelled, unpack(ids))
  forget_dead(queue, ids)
  for _, message in ipairs(messages) do
    local digest = unique_digest(message)
    if digest then
      redis.call('HSETNX', keys.unique, digest, queue.name .. ' ' .. message)
    end
  end
end
