import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeathReport } from '../../src/broker/port/broker.js';
import type { HandleContext } from '../../src/client/task-handle.js';
import { TaskSender } from '../../src/client/task-sender.js';
import { UnansweredSends } from '../../src/client/unanswered-sends.js';
import { type AttemptRecord, attemptsOf } from '../../src/message/attempt-record.js';
import type { InProcessOptions, WorkerOptions } from '../../src/options/options.js';
import { Results } from '../../src/results/results.js';
import type { RedisServer } from '../../src/testing/redis-server.js';
import type { Event } from '../process/fixtures/events.js';
import { BrokerFixture, idOf, type Stoppable } from './broker-fixture.js';

const WORKER = 'worker';
const APP = 'app';
/** Workers boot slowly on a machine that is busy. */
const PATIENCE_MS = 60_000;

/** A real worker process: supervisor, forked children, real signals. */
export class WorkerProcess {
  output = '';
  private readonly process: ChildProcess;
  private readonly closed: Promise<unknown>;

  /** @param detached in a process group of its own, as a terminal starts the processes of its foreground */
  constructor(environment: Record<string, string>, file: string | readonly string[], detached = false) {
    const args =
      typeof file === 'string' ? [new URL(`../../build/fixtures/${file}.js`, import.meta.url).pathname] : file;
    this.process = spawn(process.execPath, args, {
      // where a shell would be
      cwd: environment.PWD,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached,
    });
    this.closed = once(this.process, 'close');
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  get pid(): number {
    return this.process.pid as number;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Sends a signal to all processes of its group, as a terminal does to those in its foreground. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /**
   * Sends signals until it has heeded two of them, because those that follow one another within a second count as one.
   *
   * @param heeded a line of its output says so; it ends for sure then
   */
  async insist(send: () => void, heeded = 'killing'): Promise<number | string> {
    const running = (): boolean => this.process.exitCode === null && this.process.signalCode === null;
    for (; running() && this.lines(heeded).length === 0; await Promise.race([this.closed, delay(100)])) send();
    return this.ended();
  }

  /** Takes its output no longer, as a terminal that is closed. */
  closeOutput(): void {
    this.process.stdout?.destroy();
    this.process.stderr?.destroy();
  }

  /** Its exit code, or the signal that ended it. Waits for the end of all that write to its output, children included. */
  async ended(): Promise<number | string> {
    await this.closed;
    return this.process.exitCode ?? this.process.signalCode ?? '';
  }

  /** Lines of its output that contain the text. */
  lines(text: string): string[] {
    return this.output.split('\n').filter((line) => line.includes(text));
  }
}

/** Everything a process test needs; `stop` leaves no process and no file behind. */
export class WorkerFixture<S extends Stoppable = RedisServer> {
  private readonly directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  private readonly workers: WorkerProcess[] = [];

  private constructor(readonly broker: BrokerFixture<S>) {}

  /** @param redisArgs further arguments of the Redis server */
  static async start(redisArgs: readonly string[] = []): Promise<WorkerFixture> {
    return new WorkerFixture(await BrokerFixture.start(redisArgs));
  }

  /** @param broker on a server that is not an ordinary one */
  static on<S extends Stoppable>(broker: BrokerFixture<S>): WorkerFixture<S> {
    return new WorkerFixture(broker);
  }

  /** @param file its entry among the fixtures, or all the arguments of Node */
  worker(
    options: WorkerOptions = {},
    environment: Record<string, string> = {},
    file: string | readonly string[] = WORKER,
  ): WorkerProcess {
    return this.spawn(file, options, environment);
  }

  /** A worker that can receive the signals of a terminal to its foreground. */
  foreground(options: WorkerOptions): WorkerProcess {
    return this.spawn(WORKER, options, {}, true);
  }

  /** An app that serves HTTP and runs a worker in its process. */
  app(options: InProcessOptions = {}, environment: Record<string, string> = {}): WorkerProcess {
    return this.spawn(APP, options, environment);
  }

  private spawn(
    file: string | readonly string[],
    options: WorkerOptions,
    environment: Record<string, string>,
    detached = false,
  ): WorkerProcess {
    const { settings } = this.broker;
    const variables = {
      ...(typeof settings === 'string' ? { REDIS_URL: settings } : { REDIS_SETTINGS: JSON.stringify(settings) }),
      EVENTS_FILE: this.eventsFile,
      WORKER_OPTIONS: JSON.stringify(options),
      ...environment,
    };
    const worker = new WorkerProcess(variables, file, detached);
    this.workers.push(worker);
    return worker;
  }

  /** Enqueues one task of FixtureTasks; resolves to its id. */
  async send(task: string, args: unknown[], queue = 'default'): Promise<string> {
    const message = this.broker.message(`FixtureTasks.${task}`, ...args);
    await this.broker.broker.enqueue(queue, [message]);
    return idOf(message);
  }

  private get handles(): HandleContext {
    const { broker, ids } = this.broker;
    return { broker, results: new Results({ broker, producer: ids.prefix }) };
  }

  /** Sends a task of FixtureTasks as an app does. */
  sender(task: string): TaskSender<unknown[]> {
    const target = {
      name: `FixtureTasks.${task}`,
      homeOfTask: () => ({ queue: 'default' }),
      queues: ['urgent', 'default', 'bulk'],
      unanswered: new UnansweredSends(),
      handles: this.handles,
    };
    return new TaskSender(this.broker.broker, this.broker.ids, target, {});
  }

  /** Sends a task of TenantTasks as a request of this tenant does. */
  tenantSender(task: string, tenant: string | undefined): TaskSender<unknown[]> {
    const unanswered = new UnansweredSends();
    const home = { homeOfTask: () => ({ queue: 'default' }), queues: ['default'], handles: this.handles };
    const target = { name: `TenantTasks.${task}`, ...home, unanswered };
    return new TaskSender(this.broker.broker, this.broker.ids, target, { headers: { tenant } });
  }

  /** A dead task: its report, and the history of its attempts. */
  async dead(id: string, queue = 'default'): Promise<{ report: DeathReport; attempts: AttemptRecord[] } | undefined> {
    const record = await this.broker.redis.hget(`{nestwork}:dead-records:${queue}`, id);
    if (record === null) return undefined;
    const end = record.indexOf('\n');
    return { report: JSON.parse(record.slice(0, end)), attempts: attemptsOf(record.slice(end + 1)) };
  }

  /** Enqueues many tasks in one go. */
  async sendMany(task: string, calls: readonly unknown[][]): Promise<void> {
    const messages = calls.map((args) => this.broker.message(`FixtureTasks.${task}`, ...args));
    await this.broker.broker.enqueue('default', messages);
  }

  open(gate: string): void {
    writeFileSync(`${this.eventsFile}.${gate}`, '');
  }

  events(kind?: string, label?: string): Event[] {
    if (!existsSync(this.eventsFile)) return [];
    const lines = readFileSync(this.eventsFile, 'utf8').split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as Event);
    return events.filter((event) => (!kind || event.kind === kind) && (!label || event.label === label));
  }

  /** Resolves to the first event of its kind, once it has happened. */
  async event(kind: string, label: string): Promise<Event> {
    await until(
      `event ${kind} ${label}`,
      () => this.events(kind, label).length > 0,
      () => this.report(),
    );
    return this.events(kind, label)[0] as Event;
  }

  /** Resolves when Redis holds no work at all. */
  async drained(): Promise<void> {
    await until(
      'no work is left',
      async () => Object.keys(await this.work()).length === 0,
      () => this.report(),
    );
  }

  /** The tasks that wait or are held, by key. */
  async work(): Promise<Record<string, unknown>> {
    const entries = Object.entries(await this.broker.state());
    return Object.fromEntries(entries.filter(([key]) => /^(queue|suspects|scheduled|claims):/.test(key)));
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, condition, () => this.report());
  }

  /**
   * Resolves when the children claim no more, although they have free slots: the tasks that it sends stay where they are. One
   * alone could be on its way to a child.
   */
  async claimingOver(): Promise<void> {
    await this.until('nothing is claimed', async () => {
      await this.send('run', ['waiting']);
      return (await this.broker.redis.llen('{nestwork}:queue:default')) > 5;
    });
  }

  /**
   * Resolves when the text stands in the output of a worker, in so many lines; rejects when there are more. The output of a process
   * comes through a pipe, while its events and Redis change at once.
   */
  async logged(worker: WorkerProcess | undefined, text: string, times = 1): Promise<void> {
    const lines = (): number => worker?.lines(text).length ?? 0;
    await this.until(`"${text}" stands in the output`, () => lines() >= times);
    if (lines() > times) throw new Error(`"${text}" stands in ${lines()} lines instead of ${times}.\n${this.report()}`);
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.kill('SIGTERM');
    await Promise.all(this.workers.map((worker) => worker.ended()));
    await this.broker.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get eventsFile(): string {
    return join(this.directory, 'events');
  }

  private report(): string {
    return this.workers.map((worker) => worker.output).join('\n---\n');
  }
}

/** Waits for a state, looking again and again; fails with the state it saw instead. */
async function until(what: string, condition: () => boolean | Promise<boolean>, report: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.\n${report()}`);
    await delay(10);
  }
}

/** Whether a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
