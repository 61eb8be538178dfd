#!lua flags=allow-oom
-- Records that a worker missed entries of the stream, and forgets all but the latest such records.
--
-- KEYS: 1 broadcast gaps
-- ARGV: 1 time in ms, 2 the gap (JSON, with its time and worker, so that a repetition adds nothing), 3 how many to keep,
--       4 seconds to remember
-- Returns 1.
--
-- Atomic so that the set never lives on without an end.

redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
