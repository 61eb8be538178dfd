-- By its code: A to Z, a to z. Nil is none.
local function is_letter(code)
  return code and (code > 96 and code < 123 or code > 64 and code < 91)
end

-- Tags stand between the header and the body of a message, each a letter and 27 characters, see tags.ts; the body begins with
-- `[`. Returns the 27 characters of the tag with this letter, if the message has one. Tags that this version does not know
-- are passed over, and stay in the message.
local function tag(message, letter)
  local at, wanted = 35, string.byte(letter)
  local found = string.byte(message, at)
  -- as is_letter: a call for each tag would be felt
  while found ~= wanted and found and (found > 96 and found < 123 or found > 64 and found < 91) do
    at = at + 28
    found = string.byte(message, at)
  end
  if found == wanted then
    return string.sub(message, at + 1, at + 27)
  end
end

-- Where the body of a message begins: behind its tags.
local function body_start(message)
  local at = 35
  while string.find(message, '^%a', at) do
    at = at + 28
  end
  return at
end

-- Whether it may have tags beside a limit: most that have any have one limit.
local function has_more_tags(message)
  local first = string.byte(message, 35)
  return first ~= 91 and (first ~= 108 or string.byte(message, 63) ~= 91)
end

-- Most messages have no tag, and then their body begins behind the header.
local function has_tags(message)
  return string.byte(message, 35) ~= 91
end
