-- Rings a bell only if it is silent, so that its list never grows and one arrival wakes one idle child. A ring that is
-- refused costs seconds, and must not undo the push that it announces.
local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.pcall('RPUSH', bell, '1')
  end
end
