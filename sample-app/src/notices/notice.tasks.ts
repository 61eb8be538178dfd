import { Injectable, Logger } from '@nestjs/common';
import { DropTask, RetryTask, Task, TaskContext } from 'nestwork';
import { formatPlural } from '../chart/format-numbers.js';
import { ReportStore } from '../reports/report-store.js';
import { Mailer } from './mailer.js';

/** Notifies the outside of finished reports, by mail and webhook. The outside is not always there. */
@Injectable()
export class NoticeTasks {
  private readonly logger = new Logger(NoticeTasks.name);

  constructor(
    private readonly context: TaskContext,
    private readonly store: ReportStore,
    private readonly mailer: Mailer,
  ) {}

  @Task({ retries: 5, backoff: '10s' })
  async mailReport(reportId: string, to: string): Promise<void> {
    const report = await this.store.report(reportId);
    const chart = await this.store.chart(reportId);
    if (!report || !chart) throw new DropTask(`report ${reportId} is gone`);
    const lines = formatPlural(report.total.lines, 'line');
    const place = await this.mailer.send({
      id: this.context.id,
      to,
      subject: `${lines} of code`,
      text: `${report.directory} has ${lines} in ${formatPlural(report.total.files, 'file')}. The chart is attached.\n`,
      chart,
    });
    this.logger.log(`Mailed to ${place}`);
  }

  /** An answer that does not come within 5 s is worth another attempt, too: the aborted fetch throws. */
  @Task({ retries: 3, backoff: '300ms', softTimeout: '5s', retryOnSoftTimeout: true })
  async callWebhook(reportId: string, url: string): Promise<void> {
    const report = await this.store.report(reportId);
    if (!report) throw new DropTask(`report ${reportId} is gone`);
    const { id, attempt, signal } = this.context;
    const response = await fetch(url, {
      method: 'POST',
      // so that the receiver recognises a repetition
      headers: { 'content-type': 'application/json', 'x-task-id': id, 'x-attempt': String(attempt) },
      body: JSON.stringify({ report: report.id, total: report.total }),
      signal,
    });
    if (response.ok) return;
    if (response.status === 410) throw new DropTask(`${url} wants no more calls`);
    if (response.status === 429) throw new RetryTask({ in: '30s' });
    throw new Error(`${url} answered ${response.status}`);
  }
}
