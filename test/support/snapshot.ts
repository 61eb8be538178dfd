import type { Redis } from 'ioredis';

/** Every key with its value, and the time, as of one moment: a task may move from one key to the next while they are read one by one. */
const SNAPSHOT = `
local read = {
  list = { 'LRANGE', 0, -1 }, zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, hash = { 'HGETALL' }, stream = { 'XRANGE', '-', '+' },
}
local snapshot = {}
for i, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local command = read[kind] or { 'GETRANGE', 0, -1 }
  snapshot[i] = { key, kind, redis.call(command[1], key, unpack(command, 2)) }
end
return { redis.call('TIME'), snapshot }`;

export type Time = [seconds: string, microseconds: string];
export type Value = string | string[];
export type Snapshot = [time: Time, keys: [key: string, kind: string, value: Value][]];

export async function snapshot(redis: Redis): Promise<Snapshot> {
  return (await redis.eval(SNAPSHOT, 0)) as Snapshot;
}

/** `[name, value, name, value ...]` as an object. */
export function mapped<T>(flat: Value, convert: (value: string) => T): Record<string, T> {
  const parts = [...flat];
  const entries = parts.flatMap((name, index) => (index % 2 === 0 ? [[name, convert(parts[index + 1] ?? '')]] : []));
  return Object.fromEntries(entries) as Record<string, T>;
}
