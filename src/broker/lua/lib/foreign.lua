-- Bytes that were no message of ours when they were claimed stand behind an id made up for them and a `?`.
local function is_foreign(message)
  return string.byte(message, 21) == 63 and string.find(message, '^undecodable%x%x%x%x%x%x%x%x%x%?') == 1
end
