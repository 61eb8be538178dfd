#!lua flags=no-writes
-- lists the sessions whose lease runs, with all that is known of some of them.
-- Returns the time of Redis in ms, all sessions whose lease runs, and those among the known ones with their fields and
-- digest (nothing if there is none).
local keys = { sessions = KEYS[1] }
local known = {}
for i = 1, #ARGV - 0 do
  known[i] = { name = ARGV[i], session = KEYS[2 * i], digest = KEYS[2 * i + 1] }
end
-- Everything above comes from scripts.ts: npm run generate writes it.

-- Keys are declared, so a caller names the sessions that it knows from the call before: mostly that is all of them.

local wrong = wrong_type('zset', keys.sessions)
if wrong then
  return wrong
end
local now = now_ms()
local live = redis.call('ZRANGEBYSCORE', keys.sessions, text(now), '+inf')
local is_live = {}
for _, id in ipairs(live) do
  is_live[id] = true
end

-- A key of somebody else is no digest.
local function digest_of(session)
  local digest = redis.pcall('GET', session.digest)
  return digest and (digest.err and 'no string' or digest) or ''
end

local found = {}
for _, session in ipairs(known) do
  if is_live[session.name] then
    wrong = wrong_type('hash', session.session)
    if wrong then
      return wrong
    end
    found[#found + 1] = { session.name, redis.call('HGETALL', session.session), digest_of(session) }
  end
end
return { now, live, found }
