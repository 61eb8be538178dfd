#!lua flags=allow-oom
-- records that a worker missed entries of the stream.
-- Returns 1.
local broadcast_gaps = KEYS[1]
local at, gap, kept, seconds = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
-- Everything above comes from scripts.ts: npm run generate writes it.

-- The gap is JSON with its time and worker, so that a repetition adds nothing.
--
-- Atomic so that the set never lives on without an end.

redis.call('ZADD', broadcast_gaps, at, gap)
redis.call('ZREMRANGEBYRANK', broadcast_gaps, 0, -1 - kept)
redis.call('EXPIRE', broadcast_gaps, seconds)
return 1
