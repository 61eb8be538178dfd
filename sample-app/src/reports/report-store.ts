import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { dataDirectory } from '../data-directory.js';
import type { Plan, Report, ReportRequest } from './report.js';
import { replaceFile, writeOnce } from './write-once.js';

/** that of its flow */
const REPORT_ID = /^[0-9a-z]{20}$/;

/**
 * Where reports live: a directory for each, whose files appear one after another. Only the last two ever change.
 *
 * ```
 * <id>/request.json       by the API
 * <id>/plan.json          by countFiles
 * <id>/report.json        by writeReport, when the chart is there, too
 * <id>/chart.svg          by writeReport; by drawChart, under another title
 * <id>/title.json         by the API
 * ```
 *
 * Files keep the sample small; they tie the API and all workers to one machine. With several machines, put a database
 * or an object store behind the same methods.
 */
@Injectable()
export class ReportStore {
  private readonly root = dataDirectory();

  saveRequest(request: ReportRequest): Promise<void> {
    return this.save(request.id, 'request.json', request);
  }

  /** Undefined when there is no such report, for any form of the id. */
  async request(id: string): Promise<ReportRequest | undefined> {
    return REPORT_ID.test(id) ? this.load(id, 'request.json') : undefined;
  }

  savePlan(id: string, plan: Plan): Promise<void> {
    return this.save(id, 'plan.json', plan);
  }

  plan(id: string): Promise<Plan | undefined> {
    return this.load(id, 'plan.json');
  }

  /** The chart goes first, so that a report that is there is complete. */
  async saveReport(report: Report, chart: string): Promise<void> {
    await writeOnce(this.chartPath(report.id), chart);
    await this.save(report.id, 'report.json', report);
  }

  /** All that are there. */
  async finished(): Promise<Report[]> {
    const reports: Report[] = [];
    for (const id of (await readdir(this.root).catch(unlessMissing)) ?? []) {
      const report = REPORT_ID.test(id) ? await this.report(id) : undefined;
      if (report) reports.push(report);
    }
    return reports;
  }

  saveTitle(id: string, title: string): Promise<void> {
    return replaceFile(this.pathOf(id, 'title.json'), JSON.stringify(title));
  }

  /** Undefined when it has none but the name of its directory. */
  title(id: string): Promise<string | undefined> {
    return this.load(id, 'title.json');
  }

  replaceChart(id: string, chart: string): Promise<void> {
    return replaceFile(this.chartPath(id), chart);
  }

  report(id: string): Promise<Report | undefined> {
    return this.load(id, 'report.json');
  }

  chart(id: string): Promise<string | undefined> {
    return readFile(this.chartPath(id), 'utf8').catch(unlessMissing);
  }

  chartPath(id: string): string {
    return this.pathOf(id, 'chart.svg');
  }

  reportPath(id: string): string {
    return this.pathOf(id, 'report.json');
  }

  private save(id: string, file: string, content: object): Promise<void> {
    return writeOnce(this.pathOf(id, file), JSON.stringify(content));
  }

  private async load<T>(id: string, file: string): Promise<T | undefined> {
    const content = await readFile(this.pathOf(id, file), 'utf8').catch(unlessMissing);
    return content === undefined ? undefined : (JSON.parse(content) as T);
  }

  private pathOf(id: string, file: string): string {
    return join(this.root, id, file);
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
