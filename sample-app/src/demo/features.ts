import { basename } from 'node:path';
import type { BroadcastOutcome, CronInfo, CronRunHandle, DeadTask, TaskHandle, TaskState, TaskStatus } from 'nestwork';
import { formatCount, formatPlural } from '../chart/format-numbers.js';
import type { ReceivedCall } from '../notices/flaky-receiver.controller.js';
import { mailPath } from '../notices/mailer.js';
import type { Report } from '../reports/report.js';
import type { ReportResource } from '../reports/reports.controller.js';
import type { Findings } from '../searches/search-files.js';
import { operate } from './command-line.js';
import type { ManagedProcess } from './managed-process.js';
import type { ReportClient } from './report-client.js';
import { paint, say } from './terminal.js';

/** Backtracks for longer than the universe exists, on any line of a few dozen characters. */
const ENDLESS_PATTERN = '^(.+)+#$';
const CHILDREN = 2;
const OVERVIEW = 'OverviewTasks.draw';

/** Further features of tasks, on a report that is finished: a paragraph for each. */
export class Features {
  private readonly path: string;

  constructor(
    private readonly client: ReportClient,
    private readonly worker: ManagedProcess,
    private readonly report: Report,
  ) {
    this.path = `/reports/${report.id}`;
  }

  async show(): Promise<void> {
    const mail = await this.delayAndTakeBack();
    await this.retry();
    await this.redrive();
    await this.debounce();
    const endless = await this.timeOut();
    await this.broadcast();
    await this.cron();
    await this.mailed(mail);
    await this.cancel();
    await this.operate(endless);
  }

  private async delayAndTakeBack(): Promise<TaskHandle> {
    heading('A delay', 'a mail goes out after two seconds, so that it can be taken back');
    const mail = (to: string) => this.client.send<TaskHandle>('POST', `${this.path}/mails`, { to });
    const [first, second] = [await mail('ada@example.org'), await mail('bob@example.org')];
    const { was } = await this.client.send<{ was: TaskState }>('DELETE', `/tasks/${second.id}`);
    say('POST /reports/:id/mails to ada@example.org, and to bob@example.org');
    say(`DELETE /tasks/${second.id} → it was ${paint('bold', was)}; Bob gets no mail. Ada does, see below`);
    return first;
  }

  private async retry(): Promise<void> {
    heading('Retries', 'a webhook whose receiver is out of order twice');
    await this.webhook('flaky', 2);
    say('POST /reports/:id/webhooks');
    for (const line of callLines(await this.answered('flaky', 3))) say(line);
  }

  private async redrive(): Promise<void> {
    heading('Dead letters', 'a receiver that is out of order for longer than we try');
    const { id } = await this.webhook('broken', 4);
    const dead = await this.dead(id);
    say(`GET /dead-tasks → ${dead.task}, after ${formatPlural(dead.attempts.length, 'attempt')}: ${dead.error}`);
    await this.client.send('POST', `/dead-tasks/${id}/redrive`);
    say(`POST /dead-tasks/${id}/redrive, once the receiver is repaired`);
    const calls = await this.answered('broken', 5);
    for (const line of callLines(calls.slice(4))) say(line);
  }

  private async debounce(): Promise<void> {
    const title = `${basename(this.report.directory)}, counted`;
    heading('Debouncing', 'a title is typed, and its chart drawn when the typing ends');
    const titles = Array.from({ length: 5 }, (_, index) => title.slice(0, title.length - 4 + index));
    for (const part of titles) await this.client.send('PUT', `${this.path}/title`, { title: part });
    await this.client.until(async () => this.worker.output.includes(`Drew the chart "${title}"`) || undefined);
    const drawn = titles.filter((part) => this.worker.output.includes(`Drew the chart "${part}"`));
    say(`PUT /reports/:id/title, five times in a row → drawn ${drawn.length === 1 ? 'once' : `${drawn.length} times`}`);
    say(logged(this.worker, /^.*Drew the chart .*$/m));
  }

  private async timeOut(): Promise<TaskHandle> {
    heading('Timeouts', 'after a second the signal of a search aborts, and after two its process is killed');
    const [good, endless] = [await this.search('TODO'), await this.search(ENDLESS_PATTERN)];
    await this.finished(good);
    const found = await this.client.get<Findings>(`/searches/${good.id}`);
    const files = `${formatCount(found.files)} of ${formatPlural(found.of, 'file')}`;
    say(`TODO      → ${formatPlural(found.lines, 'line')} in ${files}  ${softly(found)}`.trimEnd());
    const dead = await this.dead(endless.id);
    say(`${ENDLESS_PATTERN}  → ${paint('bold', dead.code)}: ${dead.error}`);
    say(logged(this.worker, /^.*is ended: a task ran beyond.*$/m));
    return endless;
  }

  private search(pattern: string): Promise<TaskHandle> {
    return this.client.send('POST', `${this.path}/searches`, { pattern });
  }

  private async broadcast(): Promise<void> {
    heading('A broadcast', 'every child forgets the files that it has read for searches');
    const { id } = await this.client.send<TaskHandle>('DELETE', '/searches/cache');
    const outcomes = await this.client.until(async () => {
      const all = await this.client.get<BroadcastOutcome[]>(`/broadcasts/${id}`);
      return all.length >= CHILDREN ? all : undefined;
    });
    const children = outcomes.map(
      ({ pid, ok }) => `child ${pid} ${ok ? paint('green', 'ok') : paint('red', 'failed')}`,
    );
    say(`DELETE /searches/cache → ${children.join(', ')}`);
  }

  private async cron(): Promise<void> {
    heading('A cron', 'one chart of all reports is drawn every full hour; here it runs at once');
    const look = async () => (await this.client.get<CronInfo[]>('/crons')).find(({ name }) => name === OVERVIEW);
    const nextRun = (await look())?.nextRun;
    say(`GET /crons → ${OVERVIEW}, next at ${nextRun === undefined ? 'no time' : clock(nextRun)}`);
    const { id } = await this.client.send<CronRunHandle>('POST', `/crons/${OVERVIEW}/run`);
    const run = await this.client.until(async () => {
      const { lastRun } = (await look()) ?? {};
      return lastRun?.id === id ? lastRun : undefined;
    });
    say(`POST /crons/${OVERVIEW}/run → ${run.outcome} in ${formatCount(run.durationMs)} ms by child ${run.pid}`);
  }

  private async cancel(): Promise<void> {
    heading('Cancelling', 'the same report again; its flow is cancelled while it is made');
    const { urls } = await this.client.start(this.report.directory);
    await this.client.until(async () => {
      const { tasks, state } = await this.client.get<ReportResource>(urls.report);
      return tasks.done > 1 || state === 'finished' || undefined;
    });
    const { state, tasks } = await this.client.send<ReportResource>('DELETE', urls.report);
    const others = `${tasks.total - tasks.done} do not start, or are asked to stop`;
    say(`DELETE /reports/:id → ${state}: of its tasks ${tasks.done} are done, ${others}`);
  }

  private async operate(endless: TaskHandle): Promise<void> {
    heading('The command line', 'an operator looks and acts; it needs Redis alone');
    await operate('dead', 'show', endless.id);
    say();
    await operate('queues', 'pause', 'bulk', '--for', '10m', '--reason', 'A look at the searches');
    const waiting = await this.search('FIXME');
    await operate('tasks', 'explain', waiting.id);
    await operate('queues', 'resume', 'bulk');
    await this.finished(waiting);
    say();
    await operate('tasks', 'ls', '--state', 'done', '--task', 'SearchTasks.search');
    say();
    await operate('status');
  }

  private async mailed({ id }: { readonly id: string }): Promise<void> {
    heading('And the mail', 'was sent, with the chart attached');
    await this.finished({ id });
    say(`GET /tasks/${id} → finished: ${paint('cyan', mailPath(id))}`);
  }

  /** A call of a receiver that fails so often. */
  private webhook(name: string, failures: number): Promise<TaskHandle> {
    const url = new URL(`/flaky-receiver/${this.receiver(name)}?failures=${failures}`, this.client.url);
    return this.client.send('POST', `${this.path}/webhooks`, { url });
  }

  /** The calls that the receiver got, once there are so many. */
  private answered(name: string, count: number): Promise<readonly ReceivedCall[]> {
    return this.client.until(async () => {
      const calls = await this.client.get<ReceivedCall[]>(`/flaky-receiver/${this.receiver(name)}`);
      return calls.length >= count ? calls : undefined;
    });
  }

  /** The API may have been up for long: each report has receivers of its own. */
  private receiver(name: string): string {
    return `${name}-${this.report.id.slice(-8)}`;
  }

  /** Finished tasks leave no trace. */
  private finished({ id }: { readonly id: string }): Promise<true> {
    return this.client.until(async () => {
      const { state } = await this.client.get<TaskStatus>(`/tasks/${id}`);
      return state === 'unknown' || undefined;
    });
  }

  private dead(id: string): Promise<DeadTask> {
    return this.client.until(async () =>
      (await this.client.get<DeadTask[]>('/dead-tasks')).find((task) => task.id === id),
    );
  }
}

function heading(title: string, what: string): void {
  say();
  say(`${paint('bold', title)}  ${paint('gray', what)}`);
}

/** JSON has no dates. */
function clock(time: Date | string): string {
  return new Date(time).toTimeString().slice(0, 5);
}

function softly({ files, of }: Findings): string {
  return files < of ? paint('gray', '(its second was over, and it kept what it had)') : '';
}

/** A line for each call of a receiver, with the time since the one before. */
function callLines(calls: readonly ReceivedCall[]): string[] {
  return calls.map(({ attempt, answered, at }, index) => {
    const before = calls[index - 1];
    const later = before ? paint('gray', `  ${formatCount(at - before.at)} ms later`) : '';
    return `attempt ${attempt} → ${paint(answered < 300 ? 'green' : 'red', String(answered))}${later}`;
  });
}

/** The last line of the worker's log that matches. */
function logged(worker: ManagedProcess, pattern: RegExp): string {
  const lines = [...worker.output.matchAll(new RegExp(pattern, 'gm'))].map(([line]) => line.trim());
  return paint('gray', `log: ${lines.at(-1)?.replace(/^.*?(LOG|WARN|ERROR)\s+/, '') ?? ''}`);
}
