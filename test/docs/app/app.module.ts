import { Module } from '@nestjs/common';
import { TaskQueueModule } from 'nestwork';
import { ReportTasks } from './report.tasks.js';

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['critical', 'default', 'bulk'] })],
  providers: [ReportTasks],
})
export class AppModule {}
