#!lua flags=no-writes
-- lists the sessions with the ends of their leases, and all that is known of some of them.
-- Returns the time of Redis in ms, all sessions, each followed by the end of its lease, and those among the known ones
-- with their fields and digest (nothing if there is none).
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
local leases = redis.call('ZRANGE', keys.sessions, 0, -1, 'WITHSCORES')
local is_listed = {}
for i = 1, #leases, 2 do
  is_listed[leases[i]] = true
end

-- A key of somebody else is no digest.
local function digest_of(session)
  local digest = redis.pcall('GET', session.digest)
  return digest and (digest.err and 'no string' or digest) or ''
end

local found = {}
for _, session in ipairs(known) do
  if is_listed[session.name] then
    wrong = wrong_type('hash', session.session)
    if wrong then
      return wrong
    end
    found[#found + 1] = { session.name, redis.call('HGETALL', session.session), digest_of(session) }
  end
end
return { now, leases, found }
