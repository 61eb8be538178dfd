import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../reports/report.js';
import type { ReportResource } from '../reports/reports.controller.js';

const POLL_EVERY_MS = 100;

/** What anybody can do with the API from outside: plain HTTP. */
export class ReportClient {
  constructor(
    private readonly url: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Asks for a report on the directory that the API takes when none is named. */
  start(): Promise<ReportResource> {
    return this.request('/reports', 'POST');
  }

  /** Looks again and again until the report is there. */
  async finished(resource: ReportResource, onProgress: (status: ReportResource) => void): Promise<Report> {
    for (;;) {
      const status = await this.request(resource.urls.report, 'GET');
      onProgress(status);
      if (status.report) return status.report;
      await sleep(POLL_EVERY_MS, undefined, { signal: this.signal });
    }
  }

  private async request(path: string, method: string): Promise<ReportResource> {
    const response = await fetch(new URL(path, this.url), { method, signal: this.signal });
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as ReportResource;
  }
}
