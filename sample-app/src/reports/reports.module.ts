import { Module } from '@nestjs/common';
import { ChartTasks } from './chart.tasks.js';
import { ReportStore } from './report-store.js';
import { ReportsController } from './reports.controller.js';
import { ReportsService } from './reports.service.js';
import { StatsTasks } from './stats.tasks.js';

@Module({
  controllers: [ReportsController],
  providers: [ReportsService, ReportStore, StatsTasks, ChartTasks],
  exports: [ReportStore],
})
export class ReportsModule {}
