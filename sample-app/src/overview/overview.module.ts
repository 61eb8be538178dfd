import { Module } from '@nestjs/common';
import { ReportsModule } from '../reports/reports.module.js';
import { OverviewController } from './overview.controller.js';
import { OverviewTasks } from './overview.tasks.js';
import { OverviewStore } from './overview-store.js';

@Module({
  imports: [ReportsModule],
  controllers: [OverviewController],
  providers: [OverviewTasks, OverviewStore],
})
export class OverviewModule {}
