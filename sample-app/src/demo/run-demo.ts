import { OverviewStore } from '../overview/overview-store.js';
import { ReportStore } from '../reports/report-store.js';
import { Features } from './features.js';
import type { ManagedProcess } from './managed-process.js';
import { ProgressLine } from './progress-line.js';
import { ReportClient } from './report-client.js';
import { reportTable, skippedLine, workLines } from './report-table.js';
import { paint, say } from './terminal.js';

export interface DemoOptions {
  readonly api: ManagedProcess;
  readonly worker: ManagedProcess;
  /** to count, instead of the API's default */
  readonly directory: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The steps of a user of the app, with their output.
 *
 * @returns the URL of the API
 */
export async function runDemo({ api, worker, directory, signal }: DemoOptions): Promise<string> {
  say();
  say(paint('bold', 'nestwork: code statistics, counted in the background'));
  say();
  const url = await api.outputMatching(/http:\/\/127\.0\.0\.1:\d+/, signal);
  say(`${paint('green', '●')} API     ${url} ${paint('gray', `(pid ${api.pid})`)}`);
  say(
    `${paint('green', '●')} worker  two forked children, the whole Nest app in each ${paint('gray', `(pid ${worker.pid})`)}`,
  );
  say();

  const client = new ReportClient(url, signal);
  const accepted = await client.start(directory);
  say(`${paint('bold', 'POST /reports')} → 202 Accepted, ${accepted.urls.report}`);
  say(`counts the source files in ${accepted.directory}`);
  say();
  const progress = new ProgressLine();
  const report = await client.finished(accepted, (status) => progress.show(status)).finally(() => progress.end());
  say();

  for (const line of reportTable(report)) say(line);
  say();
  for (const line of workLines(report)) say(line);
  say(paint('gray', skippedLine(report)));
  await new Features(client, worker, report).show();
  say();
  const store = new ReportStore();
  say(`Chart   ${paint('cyan', store.chartPath(report.id))}`);
  say(`All     ${paint('cyan', new OverviewStore().path)}`);
  say(`Report  ${paint('cyan', store.reportPath(report.id))}`);
  say();
  return url;
}
