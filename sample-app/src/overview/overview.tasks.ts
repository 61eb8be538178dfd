import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from 'nestwork';
import { formatPlural } from '../chart/format-numbers.js';
import { renderChart } from '../chart/render-chart.js';
import { ReportStore } from '../reports/report-store.js';
import { addReports } from './add-reports.js';
import { OverviewStore } from './overview-store.js';

@Injectable()
export class OverviewTasks {
  private readonly logger = new Logger(OverviewTasks.name);

  constructor(
    private readonly reports: ReportStore,
    private readonly overviews: OverviewStore,
  ) {}

  /**
   * Draws one chart of all reports. Reading them takes longer the more there are, so it is done beforehand and not when
   * a reader looks: once an hour, wherever and however often the worker runs, and not while the last time still goes on.
   */
  @Cron(CronExpression.EVERY_HOUR, { overlap: 'skip' })
  async draw(): Promise<void> {
    const { directories, ...sum } = addReports(await this.reports.finished());
    await this.overviews.replace(renderChart(sum, `${formatPlural(directories, 'directory', 'directories')} together`));
    this.logger.log(`Drew the overview of ${directories} directories`);
  }
}
