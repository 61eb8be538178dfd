import {
  ConflictException,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
} from '@nestjs/common';
import { DirectoryRequestPipe } from './directory-request.pipe.js';
import { type ReportStatus, ReportsService } from './reports.service.js';
import { RawText } from './request-body.decorator.js';

/** A report and where its parts are. */
export interface ReportResource extends ReportStatus {
  readonly urls: { readonly report: string; readonly chart: string };
}

/** The HTTP API. It never counts: it answers at once, whatever the workers are doing. */
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

  @Get(':id/chart.svg')
  @Header('Content-Type', 'image/svg+xml; charset=utf-8')
  @Header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  async chart(@Param('id') id: string): Promise<string> {
    const { state, batches } = await this.known(id);
    const chart = await this.reports.chart(id);
    if (chart !== undefined) return chart;
    throw new ConflictException(
      `The chart of report ${id} is not drawn yet: ${state}, ${batches.done} of ${batches.total} batches are counted. Ask again in a moment.`,
    );
  }

  private async known(id: string): Promise<ReportStatus> {
    const report = await this.reports.find(id);
    if (report) return report;
    throw new NotFoundException(
      `There is no report ${JSON.stringify(id)}. POST /reports makes one and answers its id.`,
    );
  }
}

function withUrls(status: ReportStatus): ReportResource {
  const report = `/reports/${status.id}`;
  return { ...status, urls: { report, chart: `${report}/chart.svg` } };
}
