-- Counts of tasks by series, `<queue> <task>`, in the hash of a minute, that of ten minutes and the totals. A field holds
-- names and whole numbers, `done 3 started 4`, see task-counts.ts. Which of them there are is for those who count and read.

-- So many fields a hash has. Further series count as `<queue> other`.
local MOST_SERIES = 1000

local function read_counts(stored)
  local counts = {}
  for name, number in string.gmatch(stored or '', '(%w+) (%d+)') do
    counts[name] = tonumber(number)
  end
  return counts
end

local function write_counts(key, field, counts)
  local words = {}
  for name, number in pairs(counts) do
    words[#words + 1] = name .. ' ' .. text(number)
  end
  redis.call('HSET', key, field, table.concat(words, ' '))
end

local function add_to_hash(key, series, counts)
  local stored = redis.call('HGET', key, series)
  if not stored and redis.call('HLEN', key) >= MOST_SERIES then
    series = string.match(series, '^%S+') .. ' other'
    stored = redis.call('HGET', key, series)
  end
  local sums = read_counts(stored)
  for name, number in pairs(counts) do
    sums[name] = (sums[name] or 0) + number
  end
  write_counts(key, series, sums)
end

local function add_counts(keys, series, counts)
  add_to_hash(keys.metrics, series, counts)
  add_to_hash(keys.metrics_ten, series, counts)
  add_to_hash(keys.totals, series, counts)
end

-- Moves counts of scripts, a limited number at once: other commands wait for this script.
local function add_endings(keys)
  local found = redis.call('HRANDFIELD', keys.endings, 200, 'WITHVALUES')
  local fields, all = {}, {}
  for i = 1, #found, 2 do
    local series, name = string.match(found[i], '^(%S+ %S+) (%w+)$')
    if series then
      all[series] = all[series] or {}
      all[series][name] = noted(found[i + 1]) or 0
    end
    fields[#fields + 1] = found[i]
  end
  for series, counts in pairs(all) do
    add_counts(keys, series, counts)
  end
  if #fields > 0 then
    redis.call('HDEL', keys.endings, unpack(fields))
  end
end

-- Minutes for 3 hours, ten minutes for 7 days.
local function keep_metrics(keys)
  redis.call('EXPIRE', keys.metrics, 10800)
  redis.call('EXPIRE', keys.metrics_ten, 604800)
end

-- Redis does not roll back: found before the first write.
local function wrong_metrics(keys)
  return wrong_type('hash', keys.metrics, keys.metrics_ten, keys.totals, keys.endings)
end

-- The name of a task, as the series have it. Tasks that are in no catalog are `other`.
local function series_name(keys, message)
  local at = body_start(message)
  local name = string.match(message, '^%["([%w_.:$-]+)",', at)
  return name and redis.pcall('HEXISTS', keys.catalog, name) == 1 and name or 'other'
end

-- Counts tasks that end without their child. The script has no minute, so the next flush moves the count there.
-- A count that is refused must not undo the change that it counts.
local function note_endings(keys, queue, name, counter, number)
  redis.pcall('HINCRBY', keys.endings, queue .. ' ' .. name .. ' ' .. counter, number)
  -- where no worker counts, nothing moves them
  redis.pcall('EXPIRE', keys.endings, 86400, 'NX')
end

local function note_ending(keys, queue, message, counter)
  note_endings(keys, queue, series_name(keys, message), counter, 1)
end
