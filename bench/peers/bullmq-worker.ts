import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Mail, TaskKind } from '../harness/producer.js';
import { required } from '../harness/program.js';
import { taskKinds } from '../harness/task-kinds.js';

const kinds = taskKinds();
const worker = new Worker<Mail>('bench', (job) => kinds[job.name as TaskKind](job.data), {
  connection: new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null }),
  concurrency: Number(required('CONCURRENCY')),
});
worker.on('error', (error) => console.error(error));
