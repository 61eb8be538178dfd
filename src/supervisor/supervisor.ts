import type { LoggerService } from '@nestjs/common';
import type { Broker, Claimant } from '../broker/port/broker.js';
import { type AppSettings, BROADCAST_GRACE_MS, type ChildMessage } from '../ipc/ipc-protocol.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import type { ResolvedWorkerOptions } from '../options/resolve-options.js';
import { counted } from '../values/counted.js';
import { printed, printedReason } from '../values/printed.js';
import { servedQueues } from '../values/queue-names.js';
import type { AppPackage } from './app-name.js';
import { Backoff } from './backoff.js';
import { Blame } from './blame.js';
import { BootWatch } from './boot-watch.js';
import { blamedFor, type Death } from './child-exit.js';
import { exitLine, unbooted } from './child-exit-log.js';
import { ChildProcess } from './child-process.js';
import { ClosingGuard } from './closing-guard.js';
import { Steering } from './control/steering.js';
import { WorkerStatus } from './digest/worker-status.js';
import { watchEarlyExit } from './early-exit.js';
import { MemoryGuard } from './memory-guard.js';
import { onStopSignals, SAME_SIGNAL_MS } from './signals.js';
import type { Launch } from './spawn-child.js';
import { VERSION } from './version.generated.js';
import { workerSession } from './worker-parts.js';
import type { WorkerSession } from './worker-session.js';

/** How long tasks may take to react to their aborted signal before their process is killed, in ms. */
const ABORT_GRACE_MS = 2_000;

/** A child that lived this long without dying by a task is no failed attempt, in ms. */
const SETTLED_MS = 5_000;

const NOTHING_RAN = { running: [], done: [], timedOut: [] };

type Ready = Extract<ChildMessage, { type: 'ready' }>;

export interface SupervisorOptions {
  readonly worker: ResolvedWorkerOptions;
  /** room for the tasks that one child may hold */
  readonly capacity: number;
  readonly program: Launch['program'];
  /** the package of the app, if something names it */
  readonly app: AppPackage | undefined;
  readonly logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  /** Makes the broker; `restored` is to be called after each outage. */
  readonly connect: (settings: AppSettings, restored: () => void) => Broker;
}

/**
 * The parent process. It runs no user code, so nothing a task does keeps it from renewing the lease.
 *
 * It forks one child; when that has booted, it knows the app's settings, opens a session and forks the others. A child
 * that ends is settled, which gives its tasks to others, and replaced. A lost session ends all its children: their
 * tasks are already elsewhere. A signal stops the children, then the session, then resolves `run`.
 */
export class Supervisor {
  private readonly children = new Set<ChildProcess>();
  private readonly sinceMs = performance.now();
  private readonly settling = new Set<Promise<void>>();
  private readonly blame = new Blame();
  private readonly timers = new Set<NodeJS.Timeout>();
  private runtime: Promise<WorkerSession> | undefined;
  private stopping = false;
  private exitCode = 0;
  private finish: (exitCode: number) => void = () => {};

  private readonly status: WorkerStatus;
  private readonly steering = new Steering({
    children: this.children,
    state: () => this.status.state,
    quiet: () => this.quiet(),
    stop: (why) => this.stop(why),
    retire: (child, why) => this.retire(child, why),
  });

  constructor(private readonly options: SupervisorOptions) {
    this.status = new WorkerStatus(options.app, { inProcess: false, version: VERSION });
  }

  /** Resolves, after a signal or a start that failed, to the exit code. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.finish = resolve;
    });
    const unlisten = onStopSignals((signal) => (this.stopping ? this.killAll(signal) : this.stop(signal)));
    const { logger, worker } = this.options;
    const boots = new BootWatch({ timeoutMs: worker.bootTimeoutMs, children: () => this.children, logger });
    const unwatch = watchEarlyExit(
      () => this.children.size,
      (what) => logger.error(what),
    );
    this.fork();
    boots.start();
    const exitCode = await ended;
    await boots.stop();
    // a signal that repeats the last one would end the process in the middle of its exit, and take the exit code from it
    setTimeout(unlisten, SAME_SIGNAL_MS).unref();
    unwatch();
    return exitCode;
  }

  private fork(backoff = new Backoff(), predecessor?: ChildProcess): void {
    if (this.isEnding) return;
    const { capacity, program } = this.options;
    const launch = { program, seat: this.freeSeat() };
    const child: ChildProcess = new ChildProcess(capacity, backoff, launch, {
      worn: () => this.retire(child, `it has run ${this.options.worker.maxTasksPerChild} tasks`),
      overdue: (why) => {
        this.status.restarting(child.pid, why);
        this.options.logger.warn(`Child ${child.pid} is ended: ${why}.`);
      },
      ready: (message) => void this.welcome(child, message).catch((error: unknown) => this.fail(error)),
      leaseLost: (session) => this.whenServing((runtime) => runtime.replaceSession(session)),
      malformed: (error) => this.options.logger.error(`Child ${child.pid}: ${printed(error)}`),
      ended: (reason, uncaught) => this.dispose(child, reason, uncaught),
    });
    this.children.add(child);
    if (!predecessor) return;
    child.predecessor = predecessor;
    predecessor.successor = child;
  }

  /** The lowest number that no child has; one that takes over from another has one of its own until then. */
  private freeSeat(): number {
    const taken = new Set(Array.from(this.children, ({ launch }) => launch.seat));
    let seat = 0;
    while (taken.has(seat)) seat += 1;
    return seat;
  }

  /** Whether no child is to be forked any more. */
  private get isEnding(): boolean {
    return this.stopping || this.status.state === 'quiet';
  }

  /** Replaces a child without a gap: it works until its successor does. */
  private retire(child: ChildProcess, why: string): void {
    if (this.isEnding || child.dismissed || child.successor || !child.claimant) return;
    this.options.logger.log(`Replacing child ${child.pid}: ${why}.`);
    this.status.restarting(child.pid, why);
    this.fork(child.backoff, child);
  }

  /** The first child that boots brings the settings; only then the others are forked, so that a broken app fails once. */
  private async welcome(child: ChildProcess, message: Ready): Promise<void> {
    const first = this.runtime === undefined;
    this.runtime ??= this.open(message);
    const runtime = await this.runtime;
    if (first) {
      for (let forked = 1; forked < this.options.worker.children; forked += 1) this.fork();
    }
    const claimant = await runtime.admit();
    if (!claimant) return;
    // a child that ended meanwhile will not be asked again: give its name back
    if (child.dismissed || !this.children.has(child))
      await runtime.settle(claimant, { pid: child.pid, reason: 'ended before its start', ...NOTHING_RAN });
    else this.start(child, claimant);
  }

  private start(child: ChildProcess, claimant: Claimant): void {
    const { concurrency, maxTasksPerChild: maxTasks = 0, metrics } = this.options.worker;
    child.start(claimant, { concurrency, maxTasks, metrics });
    child.predecessor?.stop();
    child.predecessor = undefined;
    this.changed();
  }

  private async open({ settings, catalog }: Ready): Promise<WorkerSession> {
    const { worker, connect, logger } = this.options;
    const queues = servedQueues(settings.queues, worker);
    const broker = connect(settings, () => this.whenServing((runtime) => runtime.hurry()));
    await broker.connect();
    const children = (): Iterable<ChildProcess> => this.children;
    const { leaseMs, cancelGraceMs, metrics } = worker;
    const closing = { limitMs: worker.shutdownGraceMs + ABORT_GRACE_MS, broadcastMs: BROADCAST_GRACE_MS };
    const runtime = workerSession({
      broker,
      queues,
      catalog,
      settings,
      status: this.status,
      steered: this.steering,
      leaseMs,
      cancelGraceMs,
      metrics,
      sinceMs: this.sinceMs,
      children,
      logger,
      guards: (onError) => [
        new MemoryGuard(worker, children, this.tooBig),
        new ClosingGuard({ broker, children, onError, ...closing }),
      ],
      onSessionLost: () => this.startOver(),
    });
    await runtime.start();
    logger.log(
      `Serving ${queues.join(', ')} with ${counted(worker.children, 'child', 'children')}, ${counted(worker.concurrency, 'task', 'tasks')} at a time in each.`,
    );
    return runtime;
  }

  /** People may look. */
  private changed(): void {
    this.steering.changed();
    this.whenServing((runtime) => runtime.changed());
  }

  /** Not when the start fails: `fail` gets that error. */
  private whenServing(act: (runtime: WorkerSession) => void): void {
    void this.runtime?.then(act, () => {});
  }

  private readonly tooBig = (child: ChildProcess, bytes: number): void =>
    // a limit that the app exceeds at boot must not make an endless succession
    child.uptimeMs > SETTLED_MS ? this.retire(child, `it takes ${Math.round(bytes / 2 ** 20)} MB`) : undefined;

  /** The lease ran out and other workers have the tasks: the work of the children is in vain. */
  private startOver(): void {
    if (this.stopping) return;
    this.options.logger.warn(
      'The lease is gone, so other workers may have its tasks; starting over with new children.',
    );
    for (const child of this.children) child.kill();
  }

  /** After the end of its process: settles what it held, and replaces it. */
  private dispose(child: ChildProcess, reason: string, uncaught: UncaughtError | undefined): void {
    const score = child.scoreboard.read();
    const { pid, timedOut } = child;
    const running = child.killed ? [] : score.running;
    child.scoreboard.close();
    this.children.delete(child);
    const death = this.blame.weigh({ pid, reason, uncaught, running, done: score.done, timedOut });
    const settling = this.settle(child, death).finally(() => {
      this.settling.delete(settling);
      this.endWhenDone();
    });
    this.settling.add(settling);
    this.changed();
    if (this.isEnding) return;
    if (!child.dismissed) this.status.restarting(pid, reason, true);
    if (!child.booted) this.options.logger.error(unbooted(pid, reason, uncaught));
    if (!this.runtime) return this.fail();
    // its successor has been forked already
    if (child.successor) child.successor.predecessor = undefined;
    else this.replace(child, blamedFor(death).length > 0);
  }

  private replace({ backoff, predecessor, dismissed, uptimeMs }: ChildProcess, diedByTask: boolean): void {
    const again = (): void =>
      this.fork(backoff, predecessor && this.children.has(predecessor) ? predecessor : undefined);
    if (!dismissed && !diedByTask && uptimeMs < SETTLED_MS) return this.later(backoff.next(), again);
    backoff.reset();
    again();
  }

  private async settle(child: ChildProcess, found: Death): Promise<void> {
    if (!child.claimant) return;
    const death = await this.blame.settled(found);
    const settlement = await (await this.runtime)?.settle(child.claimant, death);
    const expected = child.dismissed && death.running.length + death.timedOut.length === 0;
    if (settlement && !expected) this.options.logger.warn(exitLine(death, settlement));
  }

  /** Its children claim nothing more and end after their tasks. It stays, or a service manager would start another worker. */
  private quiet(): void {
    this.status.state = 'quiet';
    for (const child of this.children) child.stop();
    this.changed();
  }

  private stop(why: string): void {
    const { logger, worker } = this.options;
    logger.log(`${why}: finishing the running tasks, for ${worker.shutdownGraceMs / 1_000} s at most.`);
    this.stopping = true;
    this.status.state = 'stopping';
    this.changed();
    this.blame.lift();
    this.whenServing((runtime) => runtime.hasten());
    for (const child of this.children) child.stop();
    this.later(worker.shutdownGraceMs, () => {
      for (const child of this.children) child.abort();
    });
    this.later(worker.shutdownGraceMs + ABORT_GRACE_MS, () => this.killAll('The grace is over'));
    this.endWhenDone();
  }

  private killAll(why: string): void {
    if (this.children.size > 0)
      this.options.logger.warn(
        `${why}: killing ${counted(this.children.size, 'child', 'children')} now; the unfinished tasks run again.`,
      );
    for (const child of this.children) child.kill();
  }

  /** The worker cannot start: nothing was claimed. */
  private fail(error?: unknown): void {
    if (error) this.options.logger.error(printedReason(error));
    this.exitCode = 1;
    this.stopping = true;
    this.blame.lift();
    for (const child of this.children) child.kill();
    this.endWhenDone();
  }

  private endWhenDone(): void {
    if (this.stopping && this.children.size === 0 && this.settling.size === 0) void this.end();
  }

  private async end(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    const runtime = await this.runtime?.catch(() => undefined);
    await runtime?.close();
    this.finish(this.exitCode);
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }
}
