import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FailureRecorder } from './failure-recorder.js';
import { QueueUnavailableFilter } from './queue-unavailable.filter.js';
import { ReportStore } from './report-store.js';
import { ReportsController } from './reports.controller.js';
import { ReportsService } from './reports.service.js';
import { StatsTasks } from './stats.tasks.js';

@Module({
  controllers: [ReportsController],
  providers: [
    ReportsService,
    ReportStore,
    StatsTasks,
    FailureRecorder,
    { provide: APP_FILTER, useClass: QueueUnavailableFilter },
  ],
})
export class ReportsModule {}
