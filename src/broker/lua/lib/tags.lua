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
  while found ~= wanted and is_letter(found) do
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

-- Most messages have no tag, and then their body begins behind the header.
local function has_tags(message)
  return string.byte(message, 35) ~= 91
end
