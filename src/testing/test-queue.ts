import type { OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { QueueClient, type TaskClass, type TaskSenders } from '../client/queue-client.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import { NestworkError } from '../errors.js';
import { idOf } from '../message/task-message.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { declaredLimits } from '../policy/limit-declarations.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { TaskRegistry } from '../task/task-registry.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { Executor, logBrokenBackoff } from '../worker/executor.js';
import type { RunningTask } from '../worker/running-task.js';
import { runningTask } from '../worker/task-context.js';
import { cronOf, type NextRunsOptions, nextRunsOf } from './cron-reference.js';
import { EnqueuedTask } from './enqueued-task.js';
import type { SentMessage } from './memory/memory-broker.js';
import { nameOfTask, type TaskReference } from './task-reference.js';
import type { TaskRun } from './task-run.js';
import type { TestBench, TestMode } from './test-bench.js';
import { TestWorker } from './test-worker.js';

/**
 * Options of `TestQueue.advance`.
 *
 * @example
 * const noWorker: AdvanceOptions = { idle: true };
 * await app.get(TestQueue).advance('1d', noWorker);
 */
export interface AdvanceOptions {
  /**
   * Whether no worker is there while the time passes.
   * @default false
   */
  idle?: boolean;
}

/**
 * Shows a test the queues of its app, and moves the time. Injectable where the app imports `TaskQueueTestingModule`.
 *
 * @example
 * const queue = app.get(TestQueue);
 * await app.get(SignupService).signUp(7);
 * expect(queue.enqueued(queue.of(ReportTasks).send)).toMatchObject([{ args: [7, { weekly: true }] }]);
 */
export class TestQueue implements OnModuleInit, OnApplicationBootstrap {
  private sent: EnqueuedTask[] = [];
  private runs: TaskRun[] = [];
  private initialized = false;
  private bootstrapped = false;
  /** ids of tasks of batches and flows that are to run in the mode inline, once the attempt under way has ended */
  private readonly ready: string[] = [];
  private starting: Promise<TestWorker> | undefined;

  /** @internal */
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly bench: TestBench,
  ) {
    bench.onSent = (messages) => this.receive(messages);
    bench.onAwaited = (id) => this.runAwaited(id, runningTask.getStore());
    bench.onReady = (message, isNew) => this.receiveReady(message, isNew);
    bench.onCancelled = (id) => void this.starting?.then((worker) => worker.cancel(id));
  }

  /** @internal */
  onModuleInit(): void {
    this.initialized = true;
  }

  /** @internal */
  async onApplicationBootstrap(): Promise<void> {
    const worker = await this.worker();
    this.bootstrapped = true;
    // like a worker, it takes tasks that were sent during the boot only now
    if (this.mode === 'inline') this.note(await worker.drain());
  }

  /**
   * The tasks of a class as senders, as in `QueueClient.of()`: to refer to a task, and to send it.
   *
   * @throws NestworkError the errors of `QueueClient.of()`
   * @example
   * const queue = app.get(TestQueue);
   * expect(queue).toHaveEnqueued(queue.of(ReportTasks).send, [7, { weekly: true }]);
   */
  of<T extends object>(type: TaskClass<T>): TaskSenders<T>;
  /**
   * The tasks of a class by its name, for files that import each other.
   *
   * @throws NestworkError INVALID_NAME
   */
  of<T extends object = object>(className: string): TaskSenders<T>;
  of<T extends object>(type: TaskClass<T> & string): TaskSenders<T> {
    return this.moduleRef.get(QueueClient, { strict: false }).of<T>(type);
  }

  /** The mode of this test. */
  get mode(): TestMode {
    return this.bench.mode;
  }

  /** The time of the queues: in `memory` only `advance()` moves it, otherwise it is that of `Date`. */
  get now(): Date {
    return new Date(this.bench.clock());
  }

  /**
   * The calls that the app has sent since it was made, or since `clear()`, oldest first; all of them, or those of one task.
   *
   * Calls whose key was taken are left out, because they added nothing, and so are runs that a cron fired.
   *
   * @param task its sender, a method with `@Task()` or `@Broadcast()`, or a name
   * @throws NestworkError NOT_A_TASK, INVALID_NAME; INVALID_OPTION for a sender with options
   */
  enqueued(task?: TaskReference<never>): EnqueuedTask[] {
    if (task === undefined) return [...this.sent];
    const wanted = nameOfTask(task);
    return this.sent.filter(({ name }) => name === wanted);
  }

  /** The attempts that ended their task as dead, with their errors, oldest first; for a broadcast every failure. */
  failures(): TaskRun[] {
    return this.runs.filter(({ outcome }) => outcome === 'dead');
  }

  /**
   * Runs pending and due tasks, and the tasks that they send, until nothing is left. Time stands still: delayed retries,
   * scheduled tasks and those that the rate of a limit holds back are left for `advance()`.
   *
   * @returns every attempt, in order; a task that fails does not make it reject, see `error` and `failures()`
   * @throws NestworkError WRONG_TEST_MODE in mode `fake`; APP_NOT_INITIALIZED; ENDLESS_TASKS
   */
  async drain(): Promise<TaskRun[]> {
    this.assertMode('drain()', 'inline', 'memory');
    return this.note(await (await this.worker()).drain());
  }

  /**
   * Lets time pass: runs pending tasks, then each task and each cron at its time, and what a rate holds back when it may start.
   *
   * @param time how long, like `'10m'` or in ms, or a `Date`: until when
   * @param options `idle`: no worker is there in the meantime. Nothing runs, so tasks can expire and crons be missed; the
   * rest runs at the next `drain()` or `advance()`
   * @returns every attempt, in order
   * @throws NestworkError WRONG_TEST_MODE but in mode `memory`; INVALID_DURATION; INVALID_OPTION for a Date that has passed;
   * APP_NOT_INITIALIZED; ENDLESS_TASKS
   * @example
   * await queue.of(ReportTasks).send.with({ delay: '10m' }).delay(7, { weekly: true });
   * const test = app.get(TestQueue);
   * expect(await test.advance('9m')).toEqual([]);
   * expect(await test.advance('1m')).toMatchObject([{ name: 'ReportTasks.send', outcome: 'done' }]);
   */
  async advance(time: Duration | Date, options: AdvanceOptions = {}): Promise<TaskRun[]> {
    this.assertMode('advance()', 'memory');
    assertKnownOptions(options, ['idle'], 'advance()');
    const until = this.momentOf(time);
    const worker = await this.worker();
    const runs = options.idle ? [] : await this.drain();
    while (!options.idle) {
      const next = await worker.nextDue();
      if (next === undefined || next > until) break;
      this.bench.moveTo(next);
      runs.push(...(await this.drain()));
    }
    this.bench.moveTo(until);
    return runs;
  }

  /**
   * Runs a cron as if it were due now, which is its `cronTime`, also one that is disabled or paused, and nothing else.
   *
   * @param cron its name, also of one that was set at run time; or its sender, or a method with `@Cron()` or `@Interval()`
   * @returns its attempts: one, or more when it is tried again at once
   * @throws NestworkError UNKNOWN_CRON, NOT_A_TASK; WRONG_TEST_MODE in mode `fake`; APP_NOT_INITIALIZED
   * @example
   * const queue = app.get(TestQueue);
   * await queue.runCron('ReportTasks.digest'); // or by its sender: queue.of(DigestTasks).digest
   */
  async runCron(cron: TaskReference<never>): Promise<TaskRun[]> {
    this.assertMode('runCron()', 'inline', 'memory');
    const worker = await this.worker();
    return this.note(await worker.runCron(this.cronOf(cron)));
  }

  /**
   * When a cron is due next, in every mode: by its schedule, as if it were neither disabled nor paused. Empty when it never is again.
   *
   * @param cron its name, also of one that was set at run time; or its task, if that has no other: its sender, or a method with `@Cron()` or `@Interval()`
   * @throws NestworkError UNKNOWN_CRON, NOT_A_TASK, INVALID_OPTION; APP_NOT_INITIALIZED
   * @example
   * const queue = app.get(TestQueue);
   * const [next] = queue.nextRuns('ReportTasks.digest');
   * if (next) await queue.advance(next);
   */
  nextRuns(cron: TaskReference<never>, options: NextRunsOptions = {}): Date[] {
    if (!this.initialized) throw notInitialized();
    return nextRunsOf(this.cronOf(cron), options, this.bench.clock());
  }

  /** One that was set at run time, or one of the app. */
  private cronOf(cron: TaskReference<never>): CronDeclaration {
    const set = typeof cron === 'string' ? this.bench.broker?.crons.runTime.get(cron) : undefined;
    return set ?? cronOf(this.registry(), cron);
  }

  /**
   * Forgets all sent calls, attempts, tasks that wait or are dead, and crons that were set at run time. Those of the app and the time stay. For
   * `beforeEach`.
   */
  clear(): void {
    this.sent = [];
    this.runs = [];
    this.bench.broker?.tasks.clear();
    this.bench.broker?.groups.clear();
    this.bench.broker?.crons.runTime.clear();
  }

  /** A task of a group is pending; a callback is sent only now. */
  private receiveReady(message: SentMessage, isNew: boolean): void {
    if (isNew) this.sent.push(new EnqueuedTask(message, this.bench.clock(), this.payloads()));
    if (this.mode === 'inline') this.ready.push(idOf(message.message));
  }

  private async receive(messages: readonly SentMessage[]): Promise<void> {
    const now = this.bench.clock();
    const payloads = this.payloads();
    const tasks = messages.map((message) => new EnqueuedTask(message, now, payloads));
    this.sent.push(...tasks);
    if (this.mode !== 'inline' || (tasks.length === 0 && this.ready.length === 0)) return;
    if (!this.initialized) throw notInitialized();
    if (!this.bootstrapped) return;
    const sender = runningTask.getStore();
    const worker = await this.worker();
    for (const { id, queue } of tasks) {
      this.note(await (queue === BROADCAST_QUEUE ? worker.runBroadcasts() : worker.runOne(id, sender)));
      await this.runReady(worker, sender);
    }
    await this.runReady(worker, sender);
  }

  /** What batches and flows have sent meanwhile. */
  private async runReady(worker: TestWorker, sender: RunningTask | undefined): Promise<void> {
    for (let id = this.ready.shift(); id !== undefined; id = this.ready.shift()) {
      this.note(await worker.runOne(id, sender));
    }
  }

  private async runAwaited(id: string, waiter: RunningTask | undefined): Promise<void> {
    if (waiter) await (await this.starting)?.runAwaited(id, waiter);
  }

  private momentOf(time: Duration | Date): number {
    if (!(time instanceof Date)) return this.bench.clock() + toMilliseconds(time, 'advance()');
    const until = time.getTime();
    if (until >= this.bench.clock()) return until;
    throw new NestworkError(
      'INVALID_OPTION',
      `advance() got ${shown(time)}, and the time of the queues is ${this.now.toISOString()}: it does not go back.`,
      'Give a later Date, or let the clock begin earlier: TaskQueueTestingModule.forRoot({ mode: "memory", now }).',
    );
  }

  private registry(): TaskRegistry {
    return this.moduleRef.get(TaskRegistry, { strict: false });
  }

  private payloads(): PayloadCodec {
    return this.moduleRef.get<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS, { strict: false }).payload.codec;
  }

  private note(runs: TaskRun[]): TaskRun[] {
    this.runs.push(...runs);
    return runs;
  }

  private assertMode(what: string, ...modes: TestMode[]): void {
    if (modes.includes(this.mode)) return;
    const wanted = modes.map((mode) => `'${mode}'`).join(' or ');
    throw new NestworkError(
      'WRONG_TEST_MODE',
      `${what} does not go with the mode '${this.mode}' of TaskQueueTestingModule.`,
      `Import TaskQueueTestingModule.forRoot({ mode: ${wanted} }).`,
    );
  }

  private worker(): Promise<TestWorker> {
    this.starting ??= this.start();
    return this.starting;
  }

  private async start(): Promise<TestWorker> {
    const { broker, clock, impatient } = this.bench;
    if (!this.initialized || !broker) {
      this.starting = undefined;
      throw notInitialized();
    }
    const find = <T>(token: Parameters<ModuleRef['get']>[0]): T => this.moduleRef.get(token, { strict: false }) as T;
    const registry = find<TaskRegistry>(TaskRegistry);
    const { queueLimits, queues, payload } = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
    const hooks = find<TaskDiscovery>(TaskDiscovery).hooks();
    const executor = new Executor(registry, hooks, logBrokenBackoff, clock, payload.codec);
    // the other modes run tasks at once or not at all
    const limits = this.mode === 'memory' ? declaredLimits(registry.all(), queueLimits) : [];
    const worker = new TestWorker({
      broker,
      executor,
      registry,
      clock,
      payloads: payload.codec,
      impatient,
      queues,
      limits,
    });
    await worker.start();
    return worker;
  }
}

function notInitialized(): NestworkError {
  return new NestworkError(
    'APP_NOT_INITIALIZED',
    'A task was to run, but the app of this test is not initialized: its tasks are not known yet.',
    'Call `await app.init()` on the app that compile() or createNestApplication() returned.',
  );
}
