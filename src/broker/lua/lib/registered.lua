-- Only a registered child can claim, and end what it holds: once its lease is lost, others have its tasks.
-- Returns the number of its last claim, or nil and a refusal.
local function registration(session, child)
  local number = redis.call('HGET', session, child)
  if number then
    return number
  end
  return nil, redis.error_reply('LEASE_LOST child is not registered')
end
