-- A whole number in base 36, as the header of a message has it: see task-message.ts.
local function base36(number, width)
  local digits = ''
  for _ = 1, width do
    local digit = number % 36
    digits = string.char(digit < 10 and 48 + digit or 87 + digit) .. digits
    number = (number - digit) / 36
  end
  return digits
end
