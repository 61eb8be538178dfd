-- Limits: how many tasks of a queue, of one name or with one key are claimed at a time, and how many start in a time. A limit key has 27
-- characters, see limit-tag.ts: 6 for the name, 21 for the key.
--
-- The hash `limits` has by name `<most> <interval in us> <burst> <1 if ordered> <JSON>`, and beside it what is set while apps run:
-- `<name>!` and `<limit>!` come before that, `<most> <interval> <burst> <until> <JSON>`, where `=` is as declared; `<limit>.` stops a key
-- until a time in ms. `<name>*` is there while keys of this name have fields of their own.
local RULE = '^(%S+) (%S+) (%S+) (%d+)'

-- So many rates that are past go at once.
local MOST_FORGOTTEN = 1000

-- What a script has read of limits and has changed; `flush_limits` writes it. `LIMITS.now` is the time in ms.
local LIMITS = { keys = nil, now_us = nil, now = nil }
local RULES = {}
local USED = {}
local ARRIVALS = {}
local CHANGED = {}

-- Once in a script, before all else about limits.
local function use_limits(keys)
  if not LIMITS.keys then
    local time = redis.call('TIME')
    LIMITS.keys, LIMITS.now_us = keys, time[1] * 1000000 + time[2]
    LIMITS.now = math.floor(LIMITS.now_us / 1000)
  end
end

-- An amount of an entry; `before` is what holds without it.
local function amount_in(field, before)
  if field == '=' then
    return before
  end
  return tonumber(field)
end

-- `rule` with what an entry of the hash says; `=` and a time that is over say nothing.
local function rule_with(rule, entry, is_override)
  local most, interval, burst, last = string.match(entry or '', RULE)
  if not most or is_override and last ~= '0' and tonumber(last) <= LIMITS.now then
    return rule
  end
  return {
    most = amount_in(most, rule.most),
    interval = amount_in(interval, rule.interval),
    burst = amount_in(burst, rule.burst),
    ordered = is_override and rule.ordered or not is_override and last == '1',
  }
end

-- What is allowed under a key. Nothing for a limit that nobody declares any more: its tasks go on.
local function rule_of(limit)
  local known = RULES[limit]
  if known then
    return known
  end
  local name = string.sub(limit, 1, 6)
  local base = RULES[name]
  if not base then
    local declared, override, star = unpack(redis.call('HMGET', LIMITS.keys.limits, name, name .. '!', name .. '*'))
    base = rule_with(rule_with({}, declared, false), override, true)
    base.has_keys = star
    RULES[name] = base
  end
  if not base.has_keys then
    return base
  end
  local override, stopped = unpack(redis.call('HMGET', LIMITS.keys.limits, limit .. '!', limit .. '.'))
  known = rule_with(base, override, true)
  if stopped then
    known = { most = known.most, interval = known.interval, burst = known.burst, ordered = known.ordered, stopped = noted(stopped) }
  end
  RULES[limit] = known
  return known
end

-- Rules have changed.
local function forget_rules()
  for field in pairs(RULES) do
    RULES[field] = nil
  end
end

-- Reads the slots of many limits at once. Returns those that were not yet known.
local function read_slots(limits)
  local missing = {}
  for _, limit in ipairs(limits) do
    if not USED[limit] then
      missing[#missing + 1] = limit
      USED[limit] = 0
    end
  end
  local slots = #missing > 0 and redis.call('HMGET', LIMITS.keys.slots, unpack(missing)) or {}
  for i, limit in ipairs(missing) do
    USED[limit] = tonumber(slots[i] or '') or 0
  end
  return missing
end

-- Reads the slots and rates of many limits at once.
local function read_limits(limits)
  local missing = read_slots(limits)
  for _, limit in ipairs(missing) do
    if rule_of(limit).interval then
      local rates = redis.call('ZMSCORE', LIMITS.keys.rates, unpack(missing))
      for i, its in ipairs(missing) do
        ARRIVALS[its] = tonumber(rates[i] or '') or 0
      end
      return
    end
  end
end

local function used_of(limit)
  if not USED[limit] then
    read_slots({ limit })
  end
  return USED[limit]
end

-- When the next task would come if all came evenly. A slower rate that held before counts for no more than a full burst of this one.
local function arrival_of(limit, rule)
  -- a script that frees slots has read none
  ARRIVALS[limit] = ARRIVALS[limit] or tonumber(redis.call('ZMSCORE', LIMITS.keys.rates, limit)[1] or '') or 0
  local latest = LIMITS.now_us + rule.burst * rule.interval
  if ARRIVALS[limit] > latest then
    ARRIVALS[limit] = latest
    CHANGED[limit] = true
  end
  return ARRIVALS[limit]
end

-- How many may start now, or 0 and the ms from which one may; without a time when that is for a task to end.
local function room_of(limit, keeps)
  local rule, used, count = rule_of(limit), used_of(limit), math.huge
  if rule.stopped and rule.stopped > LIMITS.now then
    return 0, rule.stopped
  end
  -- 0 starts nothing, also no task that keeps its slot
  if rule.most and (not keeps or rule.most == 0) then
    count = rule.most - used
    if count <= 0 then
      return 0
    end
  end
  if rule.interval then
    local free_at = arrival_of(limit, rule) - (rule.burst - 1) * rule.interval
    if free_at > LIMITS.now_us then
      return 0, math.ceil(free_at / 1000)
    end
    count = math.min(count, rule.burst, math.floor((LIMITS.now_us - free_at) / rule.interval) + 1)
  end
  return count
end

-- A task starts. One that keeps its slot takes no other.
local function take_slot(limit, keeps)
  local rule = rule_of(limit)
  USED[limit] = used_of(limit) + (keeps and 0 or 1)
  if rule.interval then
    ARRIVALS[limit] = math.max(arrival_of(limit, rule), LIMITS.now_us) + rule.interval
  end
  CHANGED[limit] = true
end

-- A task gives up its slot.
local function give_up_slot(limit)
  USED[limit] = used_of(limit) - 1
  CHANGED[limit] = true
end

local function is_held(limit)
  return used_of(limit) > 0
end

local function flush_limits()
  local slots, free, rates = {}, {}, {}
  for limit in pairs(CHANGED) do
    -- a script that ends many tasks writes what each of them has changed
    CHANGED[limit] = nil
    if USED[limit] > 0 then
      slots[#slots + 1] = limit
      slots[#slots + 1] = USED[limit]
    else
      free[#free + 1] = limit
    end
    if (ARRIVALS[limit] or 0) > LIMITS.now_us then
      rates[#rates + 1] = ARRIVALS[limit]
      rates[#rates + 1] = limit
    end
  end
  if #slots > 0 then
    redis.call('HSET', LIMITS.keys.slots, unpack(slots))
  end
  if #free > 0 then
    redis.call('HDEL', LIMITS.keys.slots, unpack(free))
  end
  if #rates > 0 then
    redis.call('ZADD', LIMITS.keys.rates, unpack(rates))
  end
end

-- Rates that are past allow as much as none. Returns whether there are more.
local function forget_rates()
  local past = redis.call('ZCOUNT', LIMITS.keys.rates, '-inf', text(LIMITS.now_us))
  if past > 0 then
    redis.call('ZREMRANGEBYRANK', LIMITS.keys.rates, 0, math.min(past, MOST_FORGOTTEN) - 1)
  end
  return past > MOST_FORGOTTEN
end
