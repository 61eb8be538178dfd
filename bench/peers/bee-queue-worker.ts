import Queue from 'bee-queue';
import type { Mail, TaskKind } from '../harness/producer.js';
import { required } from '../harness/program.js';
import { taskKinds } from '../harness/task-kinds.js';

const kinds = taskKinds();
const queue = new Queue<Mail>('bench', {
  redis: { url: required('REDIS_URL') },
  getEvents: false,
  sendEvents: false,
  storeJobs: false,
  removeOnSuccess: true,
  removeOnFailure: true,
  activateDelayedJobs: true,
});
queue.on('error', (error) => console.error(error));
// its jobs have no name: one worker runs one kind
const run = kinds[required('TASK_KIND') as TaskKind];
queue.process(Number(required('CONCURRENCY')), (job) => run(job.data));
