-- Limits: how many tasks of a queue, of one name or with one key are claimed at a time, and how many start in a time. A limit key has 27
-- characters, see limit-tag.ts: 6 for the name, 21 for the key.
--
-- The hash `limits` has by name `<most> <interval in us> <burst> <1 if ordered> <JSON>`, and beside it what is set while apps run:
-- `<name>!` and `<limit>!` come before that, `<most> <interval> <burst> <until> <JSON>`, where `=` is as declared; `<limit>.` stops a key
-- until a time in ms. `<name>*` is there while keys of this name have fields of their own.
local RULE = '^(%S+) (%S+) (%S+) (%d+)'

-- So many rates that are past go at once.
local MOST_FORGOTTEN = 1000

-- The functions of limits, made only where there is one: Redis makes each anew in every run of a script. They keep what they have read and
-- changed; `flush` writes it.
local function limits_with(keys)
  local own, rules, used, arrivals, changed = {}, {}, {}, {}, {}
  local time = redis.call('TIME')
  local now_us = time[1] * 1000000 + time[2]
  local has_rates
  own.now = math.floor(now_us / 1000)

  -- `rule` with what an entry of the hash says; `=` and a time that is over say nothing.
  local function with_entry(rule, entry, is_override)
    local most, interval, burst, last = string.match(entry or '', RULE)
    if not most or is_override and last ~= '0' and tonumber(last) <= own.now then
      return rule
    end
    local function field(value, before)
      return value == '=' and before or value ~= '=' and tonumber(value) or nil
    end
    return {
      most = field(most, rule.most),
      interval = field(interval, rule.interval),
      burst = field(burst, rule.burst),
      ordered = is_override and rule.ordered or not is_override and last == '1',
    }
  end

  -- What is allowed under a key. Nothing for a limit that nobody declares any more: its tasks go on.
  function own.rule_of(limit)
    local known = rules[limit]
    if known then
      return known
    end
    local name = string.sub(limit, 1, 6)
    local base = rules[name]
    if not base then
      local declared, override, star = unpack(redis.call('HMGET', keys.limits, name, name .. '!', name .. '*'))
      base = with_entry(with_entry({}, declared, false), override, true)
      base.has_keys = star
      rules[name] = base
    end
    known = base
    if base.has_keys then
      local override, stopped = unpack(redis.call('HMGET', keys.limits, limit .. '!', limit .. '.'))
      known = with_entry(base, override, true)
      if stopped then
        known = { most = known.most, interval = known.interval, burst = known.burst, ordered = known.ordered, stopped = noted(stopped) }
      end
    end
    rules[limit] = known
    return known
  end

  -- Rules have changed.
  function own.forget_rules()
    rules = {}
  end

  -- Reads the slots and rates of many limits at once.
  function own.prefetch(limits)
    local missing = {}
    for _, limit in ipairs(limits) do
      if not used[limit] then
        missing[#missing + 1] = limit
        used[limit] = 0
      end
    end
    if #missing == 0 then
      return
    end
    local slots = redis.call('HMGET', keys.slots, unpack(missing))
    if has_rates == nil then
      has_rates = redis.call('EXISTS', keys.rates) == 1
    end
    local rates = has_rates and redis.call('ZMSCORE', keys.rates, unpack(missing)) or {}
    for i, limit in ipairs(missing) do
      used[limit] = tonumber(slots[i] or '') or 0
      arrivals[limit] = tonumber(rates[i] or '') or 0
    end
  end

  local function know(limit)
    if not used[limit] then
      own.prefetch({ limit })
    end
  end

  -- When the next task would come if all came evenly. A slower rate that held before counts for no more than a full burst of this one.
  local function arrival(limit, rule)
    local latest = now_us + rule.burst * rule.interval
    if arrivals[limit] > latest then
      arrivals[limit] = latest
      changed[limit] = true
    end
    return arrivals[limit]
  end

  -- How many may start now, or 0 and the ms from which one may; without a time when that is for a task to end.
  function own.room(limit, keeps)
    local rule = own.rule_of(limit)
    know(limit)
    local count = math.huge
    if rule.stopped and rule.stopped > own.now then
      return 0, rule.stopped
    end
    -- 0 starts nothing, also no task that keeps its slot
    if rule.most and (not keeps or rule.most == 0) then
      count = rule.most - used[limit]
      if count <= 0 then
        return 0
      end
    end
    if rule.interval then
      local free_at = arrival(limit, rule) - (rule.burst - 1) * rule.interval
      if free_at > now_us then
        return 0, math.ceil(free_at / 1000)
      end
      count = math.min(count, rule.burst, math.floor((now_us - free_at) / rule.interval) + 1)
    end
    return count
  end

  -- A task starts. One that keeps its slot takes no other.
  function own.take(limit, keeps)
    local rule = own.rule_of(limit)
    know(limit)
    if not keeps then
      used[limit] = used[limit] + 1
    end
    if rule.interval then
      arrivals[limit] = math.max(arrival(limit, rule), now_us) + rule.interval
    end
    changed[limit] = true
  end

  -- A task gives up its slot.
  function own.give_up(limit)
    know(limit)
    used[limit] = used[limit] - 1
    changed[limit] = true
  end

  function own.is_held(limit)
    know(limit)
    return used[limit] > 0
  end

  function own.flush()
    local slots, free, rates = {}, {}, {}
    for limit in pairs(changed) do
      if used[limit] > 0 then
        slots[#slots + 1] = limit
        slots[#slots + 1] = text(used[limit])
      else
        free[#free + 1] = limit
      end
      if arrivals[limit] > now_us then
        rates[#rates + 1] = text(arrivals[limit])
        rates[#rates + 1] = limit
      end
    end
    if #slots > 0 then
      redis.call('HSET', keys.slots, unpack(slots))
    end
    if #free > 0 then
      redis.call('HDEL', keys.slots, unpack(free))
    end
    if #rates > 0 then
      redis.call('ZADD', keys.rates, unpack(rates))
    end
    changed = {}
  end

  -- Rates that are past allow as much as none. Returns whether there are more.
  function own.forget_rates()
    local past = redis.call('ZCOUNT', keys.rates, '-inf', text(now_us))
    if past > 0 then
      redis.call('ZREMRANGEBYRANK', keys.rates, 0, math.min(past, MOST_FORGOTTEN) - 1)
    end
    return past > MOST_FORGOTTEN
  end

  return own
end
