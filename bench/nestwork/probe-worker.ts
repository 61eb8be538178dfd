import { Module } from '@nestjs/common';
import { TaskQueueModule, WorkerFactory } from 'nestwork';
import { required } from '../harness/program.js';
import { ProbeTasks } from './probe-tasks.js';

@Module({ imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })], providers: [ProbeTasks] })
class ProbeModule {}

await WorkerFactory.run(ProbeModule, {
  children: Number(required('CHILDREN')),
  concurrency: Number(required('CONCURRENCY')),
  shutdownGrace: 1,
});
