-- Redis time in whole milliseconds. TIME moves while a script runs, so each script reads it once.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Large numbers would print as 1.79e+15.
local function text(number)
  return string.format('%.0f', number)
end

-- A number that a script has noted; nil for anything that others wrote in its place. A longer one is no time of a Date.
local function noted(value)
  return value and #value < 16 and string.find(value, '^%d+$') and tonumber(value)
end
