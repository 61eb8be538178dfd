import { ConflictException, Injectable, NotFoundException, type PipeTransform } from '@nestjs/common';
import type { Report } from './report.js';
import { ReportStore } from './report-store.js';

/**
 * Turns the id in a path into a report that is finished.
 *
 * @throws NotFoundException, ConflictException when it is not finished
 */
@Injectable()
export class FinishedReportPipe implements PipeTransform<string, Promise<Report>> {
  constructor(private readonly store: ReportStore) {}

  async transform(id: string): Promise<Report> {
    if (!(await this.store.request(id))) throw noReport(id);
    const report = await this.store.report(id);
    if (report) return report;
    throw new ConflictException(`Report ${id} is not finished. Look at GET /reports/${id}, and ask again when it is.`);
  }
}

export function noReport(id: string): NotFoundException {
  return new NotFoundException(`There is no report ${JSON.stringify(id)}. POST /reports makes one and answers its id.`);
}
