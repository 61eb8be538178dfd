-- A unique message has the tag `s` or `f` (until started, until finished) with a digest, see unique-key.ts. The hash maps the
-- digest to `<queue> <message>` of the task that has it.
local function unique_digest(message)
  if not has_more_tags(message) then
    return
  end
  local digest = tag(message, 'f')
  if digest then
    return digest, 'f'
  end
  digest = tag(message, 's')
  return digest, digest and 's'
end

-- The digest of the key of this message, unless another task has taken the key over. That one may speak of this one in
-- its arguments.
local function key_held(unique, message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', unique, digest)
  if holder and string.find(holder, '^%S+ ' .. string.sub(message, 1, 20)) then
    return digest
  end
end

-- Lets the next task with the key of this message in.
local function free_key(unique, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HDEL', unique, digest)
  end
end

-- A sender that replaces a task must find it as it is stored, with all changes since it was sent.
local function update_key(unique, queue, message)
  local digest = key_held(unique, message)
  if digest then
    redis.call('HSET', unique, digest, queue .. ' ' .. message)
  end
end
