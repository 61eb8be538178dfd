import { Module } from '@nestjs/common';
import { TaskQueueModule } from 'nestwork';
import { ChildTally } from './observing/child-tally.js';
import { HealthController } from './observing/health.controller.js';
import { SlowTaskLog } from './observing/slow-task-log.js';
import { ReportsModule } from './reports/reports.module.js';

/** The whole app; the API (`main.ts`) and the worker's children (`worker.ts`) run the same one. */
@Module({
  imports: [
    TaskQueueModule.forRoot({
      redis: process.env.REDIS_URL,
      // the order is the priority: starting and writing reports goes before counting
      queues: ['default', 'bulk'],
      namespace: 'code-stats',
    }),
    ReportsModule,
  ],
  controllers: [HealthController],
  providers: [ChildTally, SlowTaskLog],
})
export class AppModule {}
