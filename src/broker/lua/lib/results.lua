-- A task with the tag `r` keeps its result, see result-tag.ts and task-result.ts: 6 digits, base 36, are the seconds for which it
-- is kept, then `1` if its end is announced to the sender.

-- Its seconds and its flag; nothing for a tag of others, whose numbers Redis might refuse in the middle of a script.
local function result_tag(message)
  local asked = has_more_tags(message) and tag(message, 'r')
  if asked and string.find(asked, '^[0-9a-z]+$') then
    return math.max(1, tonumber(string.sub(asked, 1, 6), 36)), string.sub(asked, 7, 7)
  end
end

-- Before the end of its claim: a result that is there twice is better than one that is nowhere. `result` is the key for it, if the
-- script has one.
local function keep_result(result, message, record)
  local seconds = result and result_tag(message)
  if seconds then
    redis.call('SET', result, record, 'EX', text(seconds))
  end
end

-- A failure: the counters of attempts, and the report of the dead task.
local function keep_failure(result, message, report)
  keep_result(result, message, 'f' .. string.sub(message, 22, 24) .. report)
end

-- A script may announce many tasks in one list.
local RENEWED = {}

-- After its end: its id, and behind it what is kept if that is short, which saves the sender a look. An announcement that is
-- refused or lost costs seconds: the sender looks by itself, too.
local function announce(answering, message, record)
  local _, announced = result_tag(message)
  local id = string.sub(message, 1, 20)
  local list = announced == '1' and answering[string.sub(id, 1, 12)]
  local short = record and #record <= 1000 and record or ''
  local length = list and redis.pcall('RPUSH', list.answers, id .. short)
  if type(length) == 'number' then
    if not RENEWED[list.answers] then
      redis.call('EXPIRE', list.answers, 3600)
      RENEWED[list.answers] = true
    end
    if length > 10000 then
      redis.call('LTRIM', list.answers, -10000, -1)
    end
  end
end

-- Tasks that keep results and leave their queue without one, for those who wait. Not among the cancelled: their number would push out
-- marks of tasks that are active, and must not run again. `entries` as in remember_ids.
local function remember_removed(removed, now, entries)
  if #entries > 0 then
    remember_ids(removed, now, entries)
  end
end
