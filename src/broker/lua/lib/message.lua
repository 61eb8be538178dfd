-- Counters and times in a message are base 36 digits, see the header layout in task-message.ts.
local function base36(number, width)
  local codes = { 48, 48, 48, 48, 48, 48, 48, 48, 48 }
  for place = width, 1, -1 do
    local digit = number % 36
    codes[place] = digit < 10 and digit + 48 or digit + 87
    number = (number - digit) / 36
  end
  return string.char(unpack(codes, 1, width))
end

-- Counts up the counter that stands at first..last; it stops at its highest number. Returns that number too.
local function counted(message, first, last)
  local width = last - first + 1
  local number = math.min((tonumber(string.sub(message, first, last), 36) or 0) + 1, 36 ^ width - 1)
  return string.sub(message, 1, first - 1) .. base36(number, width) .. string.sub(message, last + 1), number
end

-- Appends a line to the history. The oldest line goes when there are twenty.
local function remembered(message, line)
  local _, lines = string.gsub(message, '\n', '')
  if lines >= 20 then
    message = string.gsub(message, '\n[^\n]*', '', 1)
  end
  return message .. line
end

-- What a claims hash holds for a task is `<queue> <message>`. Nothing for what others wrote otherwise.
local function split(held)
  local space = string.find(held, ' ', 1, true)
  if space then
    return string.sub(held, 1, space - 1), string.sub(held, space + 1)
  end
end

-- A process died with this task before. Foreign bytes have no counters.
local function is_quarantined(message)
  return not is_foreign(message) and string.sub(message, 24, 25) ~= '00'
end

-- The message in the record of a dead task: behind the report. Empty if there is none.
local function message_of(record)
  return string.sub(record, (string.find(record, '\n', 1, true) or #record) + 1)
end

-- The message of a dead task with counters and time as if it had just been sent. Nothing for foreign bytes, and for headers of
-- other versions: they are not rewritten.
local function started_anew(id, message, now)
  local header = string.sub(message, 1, 34)
  if #header == 34 and string.find(header, '^[0-9a-z]+$') and string.sub(header, 1, 21) == id .. '1' then
    return id .. '10000' .. base36(now, 9) .. string.sub(message, 35)
  end
end

-- The message with another body. Tags and history stay.
local function with_body(message, body)
  local history = string.find(message, '\n', 1, true) or #message + 1
  return string.sub(message, 1, body_start(message) - 1) .. body .. string.sub(message, history)
end
