import { Module } from '@nestjs/common';
import { TaskQueueModule } from 'nestwork';
import { ReportTasks } from './report.tasks.js';
import { SignupService } from './signup.service.js';

@Module({
  imports: [TaskQueueModule.forRootAsync({ useFactory: () => ({ redis: process.env.REDIS_URL, queues: ['bulk'] }) })],
  providers: [ReportTasks, SignupService],
})
export class SignupModule {}
