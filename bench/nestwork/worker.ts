import { Module } from '@nestjs/common';
import { TaskQueueModule, WorkerFactory } from 'nestwork';
import { required } from '../harness/program.js';
import { BenchTasks } from './bench-tasks.js';

@Module({ imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })], providers: [BenchTasks] })
class BenchModule {}

await WorkerFactory.run(BenchModule, {
  children: Number(required('CHILDREN')),
  concurrency: Number(required('CONCURRENCY')),
});
