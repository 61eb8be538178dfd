-- Rings a bell only if it is silent, so that its list never grows and one arrival wakes one idle child.
local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.call('RPUSH', bell, '1')
  end
end
