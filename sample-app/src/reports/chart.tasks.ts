import { Injectable, Logger } from '@nestjs/common';
import { Task } from 'nestwork';
import { renderChart } from '../chart/render-chart.js';
import { ReportStore } from './report-store.js';

/** Work on the chart of a report that is finished. */
@Injectable()
export class ChartTasks {
  private readonly logger = new Logger(ChartTasks.name);

  constructor(private readonly store: ReportStore) {}

  /**
   * Draws the chart again under its present title. It is sent debounced, see `ReportsService.rename`; one that runs already
   * goes on beside the next. So it looks at the title once more when it has written: so the last title stays, in any order of the writes.
   */
  @Task()
  async drawChart(reportId: string): Promise<void> {
    const report = await this.store.report(reportId);
    if (!report) throw new Error(`Report ${reportId} is gone; was its directory deleted?`);
    let title: string | undefined;
    do {
      title = await this.store.title(reportId);
      await this.store.replaceChart(reportId, renderChart(report, title));
    } while (title !== (await this.store.title(reportId)));
    this.logger.log(`Drew the chart "${title}"`);
  }
}
