import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, TaskQueueModule } from 'nestwork';
import { serveProducer } from '../harness/producer.js';
import { required } from '../harness/program.js';
import { BenchTasks } from './bench-tasks.js';

@Module({ imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })] })
class ProducerModule {}

const app = await NestFactory.createApplicationContext(ProducerModule, { logger: ['error', 'warn'] });
const tasks = app.get(QueueClient).of(BenchTasks);

serveProducer({
  add: (kind, mail) => tasks[kind].delay(mail),
  addMany: (kind, mails) => tasks[kind].delayMany(mails.map((mail) => [mail])),
  schedule: (kind, mails, at) => tasks[kind].with({ eta: new Date(at) }).delayMany(mails.map((mail) => [mail])),
});
