-- A unique message has `s` or `f` (until started, until finished) and a digest between header and body, see
-- unique-key.ts. The hash maps the digest to `<queue> <message>` of the task that has it.
local function unique_digest(message)
  local mark = string.sub(message, 35, 35)
  if mark == 's' or mark == 'f' then
    return string.sub(message, 36, 62), mark
  end
end

-- Lets the next task with the key of this message in, unless another one has taken it over.
local function free_key(unique, message)
  local digest = unique_digest(message)
  local holder = digest and redis.call('HGET', unique, digest)
  if holder and string.find(holder, ' ' .. string.sub(message, 1, 20), 1, true) then
    redis.call('HDEL', unique, digest)
  end
end
