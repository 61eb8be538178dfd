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

  /** Asks for a report; without a directory the API takes one that everybody has. */
  start(directory?: string): Promise<ReportResource> {
    return this.request('/reports', {
      method: 'POST',
      ...(directory && { body: JSON.stringify({ directory }), headers: { 'content-type': 'application/json' } }),
    });
  }

  /** Looks again and again until the report is there. */
  async finished(resource: ReportResource, onProgress: (status: ReportResource) => void): Promise<Report> {
    for (;;) {
      const status = await this.request(resource.urls.report);
      onProgress(status);
      if (status.report) return status.report;
      if (status.failure) throw new Error(`${status.failure.task} failed: ${status.failure.why}`);
      await sleep(POLL_EVERY_MS, undefined, { signal: this.signal });
    }
  }

  private async request(path: string, init: RequestInit = {}): Promise<ReportResource> {
    const response = await fetch(new URL(path, this.url), { ...init, signal: this.signal });
    const body = (await response.json()) as ReportResource & { message?: string };
    if (response.ok) return body;
    throw new Error(`${init.method ?? 'GET'} ${path} was answered ${response.status}: ${body.message}`);
  }
}
