import {
  ConflictException,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Put,
} from '@nestjs/common';
import type { TaskHandle } from 'nestwork';
import { RawText } from '../http/request-body.decorator.js';
import { TextPipe } from '../http/text.pipe.js';
import { DirectoryRequestPipe } from './directory-request.pipe.js';
import { FinishedReportPipe, noReport } from './finished-report.pipe.js';
import type { Report } from './report.js';
import { type ReportStatus, ReportsService } from './reports.service.js';

const TITLE = new TextPipe('title', 'a title of 1 to 100 characters', (text) => /^(?=.*\S).{1,100}$/u.test(text));

/** A report and where its parts are. */
export interface ReportResource extends ReportStatus {
  readonly urls: { readonly report: string; readonly chart: string };
}

/** The HTTP API. It never counts: it answers at once, also while all workers are busy. */
@Controller('reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async create(@RawText(DirectoryRequestPipe) directory: string): Promise<ReportResource> {
    return withUrls(await this.reports.start(directory));
  }

  @Get(':id')
  async find(@Param('id') id: string): Promise<ReportResource> {
    return withUrls(await this.known(id));
  }

  @Delete(':id')
  async cancel(@Param('id') id: string): Promise<ReportStatus> {
    await this.known(id);
    await this.reports.cancel(id);
    return this.known(id);
  }

  /** The chart is drawn anew a moment after the last of several calls. */
  @Put(':id/title')
  @HttpCode(HttpStatus.ACCEPTED)
  rename(@Param('id', FinishedReportPipe) { id }: Report, @RawText(TITLE) title: string): Promise<TaskHandle> {
    return this.reports.rename(id, title);
  }

  @Get(':id/chart.svg')
  @Header('Content-Type', 'image/svg+xml; charset=utf-8')
  @Header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  async chart(@Param('id') id: string): Promise<string> {
    const { state, tasks } = await this.known(id);
    const chart = await this.reports.chart(id);
    if (chart !== undefined) return chart;
    throw new ConflictException(
      `The chart of report ${id} is not drawn yet: ${state}, ${tasks.done} of ${tasks.total} tasks are done. Ask again in a moment.`,
    );
  }

  private async known(id: string): Promise<ReportStatus> {
    const report = await this.reports.find(id);
    if (report) return report;
    throw noReport(id);
  }
}

function withUrls(status: ReportStatus): ReportResource {
  const report = `/reports/${status.id}`;
  return { ...status, urls: { report, chart: `${report}/chart.svg` } };
}
