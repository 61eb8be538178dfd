import { Injectable, Module } from '@nestjs/common';
import { Task, TaskQueueModule, WorkerFactory } from 'nestwork';
import { monotonicMs } from '../harness/clock.js';
import { required } from '../harness/program.js';
import { Reporter } from '../harness/sightings.js';
import { bootProviders } from './boot-providers.js';

@Injectable()
class SomeTasks {
  @Task()
  async nothing(): Promise<void> {}
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: required('REDIS_URL') })],
  providers: [SomeTasks, ...bootProviders],
})
class BootModule {}

// only a child has a supervisor to send to; its first message is that it is ready
const { send } = process;
if (send) {
  const reporter = new Reporter();
  process.send = ((...message: Parameters<typeof send>) => {
    process.send = send;
    reporter.report('ready', performance.now(), monotonicMs());
    return send.apply(process, message);
  }) as typeof send;
}
await WorkerFactory.run(BootModule, { children: 1 });
