import { Logger } from '@nestjs/common';
import type { LimitDeclaration } from '../broker/port/broker.js';
import { type CronDeclaration, cronsAmong } from '../cron/cron-definition.js';
import { cronMessage } from '../cron/cron-message.js';
import { NestworkError } from '../errors.js';
import { CronLoop } from '../maintenance/cron-loop.js';
import { RunTimeCronLoop } from '../maintenance/run-time-crons.js';
import { TaskIdSequence } from '../message/task-id.js';
import { inCleanContext } from '../values/clean-context.js';
import { printable, printableStack } from '../values/printable.js';
import { printed, printedText } from '../values/printed.js';
import { describeError } from '../worker/describe-error.js';
import type { RunningTask } from '../worker/running-task.js';
import { startMessage } from '../worker/start-runs.js';
import { AwaitedTasks } from './awaited-tasks.js';
import type { MemoryBroker } from './memory/memory-broker.js';
import type { TaskRun } from './task-run.js';
import { TaskRunner, type TaskRunnerOptions } from './task-runner.js';

/** A task that sends itself again would run for ever. */
const MOST_RUNS = 100_000;

export interface TestWorkerOptions extends Omit<TaskRunnerOptions, 'work'> {
  readonly broker: MemoryBroker;
  /** those that the app has */
  readonly queues: readonly string[];
  /** those that hold tasks back */
  readonly limits: readonly LimitDeclaration[];
}

/** The worker of a test: it serves all queues of the app and fires its crons, but only on request. */
export class TestWorker {
  private readonly logger = new Logger('TestQueue');
  private readonly ids = new TaskIdSequence();
  private readonly runner: TaskRunner;
  private readonly awaited: AwaitedTasks;
  private readonly crons: CronLoop;
  private readonly runTimeCrons: RunTimeCronLoop;
  /** what it runs by itself after its start, until it has */
  private starts: { readonly at: number; readonly name: string; readonly payload: string | undefined }[];

  constructor(private readonly options: TestWorkerOptions) {
    const { broker, registry } = options;
    this.runner = new TaskRunner({ ...options, work: broker });
    this.awaited = new AwaitedTasks(broker, this.runner);
    const reports = {
      onWarning: (warning: string) => this.logger.warn(warning),
      onError: (error: unknown) => this.logger.error(printed(error)),
    };
    const crons = cronsAmong(registry.all());
    this.starts = registry.all().flatMap(({ name, afterStart }) => {
      return afterStart ? [{ name, at: options.clock() + afterStart.delayMs, payload: afterStart.payload }] : [];
    });
    this.crons = new CronLoop({ broker: broker.crons, crons, ...reports });
    this.runTimeCrons = new RunTimeCronLoop({
      broker: broker.crons,
      queues: options.queues,
      tasks: new Set(registry.all().map(({ name }) => name)),
      declared: new Set(crons.map(({ name }) => name)),
      ...reports,
    });
  }

  /** Registers itself, as workers do; declares the limits and the crons. */
  async start(): Promise<void> {
    const { broker, registry, limits } = this.options;
    broker.serve(registry.catalog(), limits);
    await this.crons.tick();
  }

  /** Fires due crons, and runs pending and due tasks until nothing is left. */
  async drain(): Promise<TaskRun[]> {
    const runs: TaskRun[] = [];
    await this.crons.tick();
    await this.runTimeCrons.tick();
    await this.sendStarts();
    for await (const run of this.runner.drain()) {
      runs.push(this.log(run));
      if (runs.length > MOST_RUNS) throw endless(runs);
    }
    return runs;
  }

  /**
   * Runs one pending task, again and again if it is to be tried again at once.
   *
   * @param sender the running task that has sent it, and waits
   */
  async runOne(id: string, sender?: RunningTask): Promise<TaskRun[]> {
    if (sender) return this.awaited.during(id, sender, () => this.runOne(id));
    const runs: TaskRun[] = [];
    for (;;) {
      const claimed = await this.options.broker.claims.one(id);
      if (!claimed) return runs;
      const all = await inCleanContext(() => this.runner.run(claimed));
      runs.push(...all.map((run) => this.log(run)));
    }
  }

  /** Runs the broadcasts that were sent. */
  async runBroadcasts(): Promise<TaskRun[]> {
    const runs = await inCleanContext(() => this.runner.runBroadcasts());
    return runs.map((run) => this.log(run));
  }

  /** Runs a cron as if it were due now. */
  async runCron(cron: CronDeclaration): Promise<TaskRun[]> {
    const now = this.options.clock();
    const id = this.ids.next();
    const message = cronMessage({ ...cron, overlap: 'allow', start: undefined }, { id, due: now, enqueuedAt: now });
    this.options.broker.tasks.add(cron.queue, message);
    return this.runOne(id);
  }

  /** Its runs after its start whose time has come. */
  private async sendStarts(): Promise<void> {
    const now = this.options.clock();
    const due = this.starts.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.starts = this.starts.filter(({ at }) => at > now);
    await this.options.broker.broadcast(due.map(({ name, payload }) => startMessage(name, payload, now)));
  }

  /** When a task or a cron is due next, in ms since 1970; undefined when none is. */
  async nextDue(): Promise<number | undefined> {
    const now = this.options.clock();
    const { nextInMs } = await this.options.broker.promote(0);
    const cron = (await this.crons.nextDue()) ?? [];
    const { lines } = await this.options.broker.crons.runTime.lines();
    // a line of a task that the app does not have stays in the past
    const looks = lines.flatMap(({ lookAt }) => (lookAt > now ? [lookAt] : []));
    const starts = this.starts.map(({ at }) => at);
    const times = [nextInMs === undefined ? [] : now + nextInMs, cron, looks, starts].flat();
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /**
   * Runs a task for which a running one waits; nothing for a wait from outside of them.
   *
   * @throws NestworkError RESULT_OUT_OF_REACH, ENDLESS_TASKS
   */
  async runAwaited(id: string, waiter: RunningTask): Promise<void> {
    if (this.runner.isRunning(waiter)) await this.awaited.run(id, waiter);
  }

  cancel(id: string): void {
    this.runner.cancel(id);
  }

  /** As the log of a worker does: a failure should show also if a test does not ask for it. */
  private log(run: TaskRun): TaskRun {
    if (run.outcome !== 'dead') return run;
    const { code, error, stack } = describeError(run.error);
    const why = printedText(error, code !== 'TASK_FAILED');
    this.logger.error(`Task ${printable(run.name)} ${run.id} is dead: ${why}`, stack && printableStack(stack));
    return run;
  }
}

function endless(runs: readonly TaskRun[]): NestworkError {
  return new NestworkError(
    'ENDLESS_TASKS',
    `Tasks ran without an end: ${runs.length} attempts, and no time had passed. The last was at "${printable(runs.at(-1)?.name ?? '')}".`,
    'Give a task that sends itself again a delay.',
  );
}
