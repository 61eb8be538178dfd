import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Mail, TaskKind } from '../harness/producer.js';
import { required } from '../harness/program.js';
import { taskKinds } from '../harness/task-kinds.js';

/** Forgets the batch before, which is done, and takes the next; what is taken stays in a list until it is done. */
const CLAIM = `#!lua
redis.call('DEL', KEYS[2])
local batch = redis.call('LPOP', KEYS[1], 64)
if not batch then return {} end
redis.call('RPUSH', KEYS[2], unpack(batch))
return batch`;

const kinds = taskKinds();
const redis = new Redis(required('REDIS_URL'));
const sha = (await redis.script('LOAD', CLAIM)) as string;

for (;;) {
  const batch = (await redis.evalsha(sha, 2, 'bench', 'bench:taken')) as string[];
  if (batch.length === 0) await delay(1);
  for (const message of batch) {
    const [kind, mail] = JSON.parse(message) as [TaskKind, Mail];
    await kinds[kind](mail);
  }
}
