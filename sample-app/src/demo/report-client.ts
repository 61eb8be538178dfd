import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../reports/report.js';
import type { ReportResource } from '../reports/reports.controller.js';

const POLL_EVERY_MS = 100;

/** The API from outside: plain HTTP. */
export class ReportClient {
  constructor(
    readonly url: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Asks for a report; without a directory the API takes one that every installation has. */
  start(directory?: string): Promise<ReportResource> {
    return this.send('POST', '/reports', directory === undefined ? undefined : { directory });
  }

  /** Looks again and again until the report is there. */
  async finished(resource: ReportResource, onProgress: (status: ReportResource) => void): Promise<Report> {
    return this.until(async () => {
      const status = await this.get<ReportResource>(resource.urls.report);
      onProgress(status);
      if (status.failure) throw new Error(`${status.failure.task} failed: ${status.failure.why}`);
      return status.report;
    });
  }

  get<T>(path: string): Promise<T> {
    return this.request(path);
  }

  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T> {
    const json = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.request(path, { method, ...json });
  }

  /** Asks until there is an answer. */
  async until<T>(ask: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await sleep(POLL_EVERY_MS, undefined, { signal: this.signal });
    }
  }

  private async request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(new URL(path, this.url), { ...init, signal: this.signal });
    const body = (await response.json()) as T & { message?: string };
    if (response.ok) return body;
    throw new Error(`${init.method ?? 'GET'} ${path} was answered ${response.status}: ${body.message}`);
  }
}
