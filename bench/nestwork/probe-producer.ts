import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, TaskQueueModule } from 'nestwork';
import { monotonicMs } from '../harness/clock.js';
import { answerCalls, required } from '../harness/program.js';
import { ProbeTasks } from './probe-tasks.js';

@Module({ imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })] })
class ProducerModule {}

const app = await NestFactory.createApplicationContext(ProducerModule, { logger: ['error', 'warn'] });
const { doomed, take } = app.get(QueueClient).of(ProbeTasks);

answerCalls({
  doom: async (number: number): Promise<void> => {
    await doomed.delay(number);
  },
  /** Resolves to when they were in the queue. */
  send: async (calls: [number, number, boolean][]): Promise<number> => {
    await take.delayMany(calls);
    return monotonicMs();
  },
});
