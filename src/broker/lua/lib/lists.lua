-- A part of a list. unpack fails from about 8,000 values on.
local function part(list, first, last)
  if last - first < 7000 then
    return { unpack(list, first, last) }
  end
  local values = {}
  for i = first, last do
    values[#values + 1] = list[i]
  end
  return values
end

-- Finds each block of keys by its name.
local function by_name(blocks)
  local index = {}
  for _, block in ipairs(blocks) do
    index[block.name] = block
  end
  return index
end

-- What a hash has for these queues, in their order; an error where the key holds something foreign.
local function fields_of(key, queues)
  local names = {}
  for i, queue in ipairs(queues) do
    names[i] = queue.name
  end
  return redis.pcall('HMGET', key, unpack(names))
end
