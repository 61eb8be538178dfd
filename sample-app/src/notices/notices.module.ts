import { Module } from '@nestjs/common';
import { ReportsModule } from '../reports/reports.module.js';
import { FlakyReceiverController } from './flaky-receiver.controller.js';
import { Mailer } from './mailer.js';
import { NoticeTasks } from './notice.tasks.js';
import { NoticesController } from './notices.controller.js';

@Module({
  imports: [ReportsModule],
  controllers: [NoticesController, FlakyReceiverController],
  providers: [NoticeTasks, Mailer],
})
export class NoticesModule {}
