import { Controller, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { QueueClient, type TaskHandle } from 'nestwork';
import { RawText } from '../http/request-body.decorator.js';
import { TextPipe } from '../http/text.pipe.js';
import { FinishedReportPipe } from '../reports/finished-report.pipe.js';
import type { Report } from '../reports/report.js';
import { NoticeTasks } from './notice.tasks.js';

const ADDRESS = new TextPipe('to', 'one mail address', (text) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(text));
const WEBHOOK = new TextPipe('url', 'a URL of http or https', isWebUrl);

@Controller('reports/:id')
export class NoticesController {
  constructor(private readonly queue: QueueClient) {}

  /** The mail goes out two seconds later: until then `DELETE /tasks/:id` takes it back. */
  @Post('mails')
  @HttpCode(HttpStatus.ACCEPTED)
  mail(@Param('id', FinishedReportPipe) { id }: Report, @RawText(ADDRESS) to: string): Promise<TaskHandle> {
    return this.queue.of(NoticeTasks).mailReport.with({ delay: '2s' }).delay(id, to);
  }

  @Post('webhooks')
  @HttpCode(HttpStatus.ACCEPTED)
  webhook(@Param('id', FinishedReportPipe) { id }: Report, @RawText(WEBHOOK) url: string): Promise<TaskHandle> {
    return this.queue.of(NoticeTasks).callWebhook.delay(id, url);
  }
}

function isWebUrl(text: string): boolean {
  return /^https?:/i.test(text) && URL.canParse(text);
}
