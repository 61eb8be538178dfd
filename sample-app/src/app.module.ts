import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TaskQueueModule } from 'nestwork';
import { LibraryErrorFilter } from './http/library-error.filter.js';
import { NoticesModule } from './notices/notices.module.js';
import { ChildTally } from './observing/child-tally.js';
import { CronsController } from './observing/crons.controller.js';
import { dashboard } from './observing/dashboard.js';
import { HealthController } from './observing/health.controller.js';
import { SlowTaskLog } from './observing/slow-task-log.js';
import { TasksController } from './observing/tasks.controller.js';
import { OverviewModule } from './overview/overview.module.js';
import { ReportsModule } from './reports/reports.module.js';
import { SearchesModule } from './searches/searches.module.js';

/** The whole app; the API (`main.ts`) and the worker's children (`worker.ts`) run the same one. */
@Module({
  imports: [
    TaskQueueModule.forRoot({
      redis: process.env.REDIS_URL,
      // the order is the priority: starting and writing reports goes before counting
      queues: ['default', 'bulk'],
      namespace: 'code-stats',
      // people should look at them; after a month they are useless
      deadRetention: '30d',
    }),
    ReportsModule,
    NoticesModule,
    SearchesModule,
    OverviewModule,
    dashboard,
  ],
  controllers: [HealthController, TasksController, CronsController],
  providers: [ChildTally, SlowTaskLog, { provide: APP_FILTER, useClass: LibraryErrorFilter }],
})
export class AppModule {}
