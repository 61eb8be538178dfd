import type { LoggerService } from '@nestjs/common';
import type { Broker } from '../broker/port/broker.js';
import { type AppSettings, BROADCAST_GRACE_MS } from '../ipc/ipc-protocol.js';
import type { ResolvedWorkerOptions } from '../options/resolve-options.js';
import { counted } from '../values/counted.js';
import { printedReason } from '../values/printed.js';
import { servedQueues } from '../values/queue-names.js';
import type { AppPackage } from './app-name.js';
import { BootWatch } from './boot-watch.js';
import { ChildPool, type PoolOwner, type Ready } from './child-pool.js';
import type { ChildProcess } from './child-process.js';
import { ClosingGuard } from './closing-guard.js';
import { Steering } from './control/steering.js';
import { WorkerStatus } from './digest/worker-status.js';
import { watchEarlyExit } from './early-exit.js';
import { MemoryGuard } from './memory-guard.js';
import { Scaler, type ScalerOptions } from './scaling/scaler.js';
import { onStopSignals, SAME_SIGNAL_MS } from './signals.js';
import type { Launch } from './spawn-child.js';
import { VERSION } from './version.generated.js';
import { workerSession } from './worker-parts.js';
import type { WorkerSession } from './worker-session.js';

/** How long tasks may take to react to their aborted signal before their process is killed, in ms. */
const ABORT_GRACE_MS = 2_000;

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
  private readonly sinceMs = performance.now();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly status: WorkerStatus;
  private readonly pool: ChildPool;
  private readonly steering: Steering;
  private scaler: Scaler | undefined;
  private runtime: Promise<WorkerSession> | undefined;
  private exitCode = 0;
  private finish: (exitCode: number) => void = () => {};

  constructor(private readonly options: SupervisorOptions) {
    const { min, max } = options.worker.children;
    const range = min < max ? { min, max } : undefined;
    this.status = new WorkerStatus(options.app, { inProcess: false, version: VERSION, range });
    this.pool = new ChildPool({ ...options, status: this.status }, this.ofThePool());
    this.steering = new Steering({
      children: this.pool.children,
      state: () => this.status.state,
      quiet: () => this.quiet(),
      stop: (why) => this.stop(why),
      retire: (child, why) => this.pool.retire(child, why),
    });
  }

  /** Resolves, after a signal or a start that failed, to the exit code. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.finish = resolve;
    });
    const unlisten = onStopSignals((signal) => (this.stopping ? this.killAll(signal) : this.stop(signal)));
    const { logger, worker } = this.options;
    const boots = new BootWatch({ timeoutMs: worker.bootTimeoutMs, children: () => this.pool.children, logger });
    const unwatch = watchEarlyExit(
      () => this.pool.children.size,
      (what) => logger.error(what),
    );
    this.pool.begin();
    boots.start();
    const exitCode = await ended;
    await boots.stop();
    // a signal that repeats the last one would end the process in the middle of its exit, and take the exit code from it
    setTimeout(unlisten, SAME_SIGNAL_MS).unref();
    unwatch();
    return exitCode;
  }

  private ofThePool(): PoolOwner {
    return {
      isEnding: () => this.status.state !== 'running',
      session: () => this.runtime,
      open: (message) => {
        this.runtime ??= this.open(message);
        return this.runtime;
      },
      leaseLost: (session) => this.whenServing((runtime) => runtime.replaceSession(session)),
      changed: () => this.changed(),
      crashed: () => this.scaler?.crashed(),
      settled: () => this.endWhenDone(),
      fail: (error) => this.fail(error),
      later: (ms, act) => this.later(ms, act),
    };
  }

  private async open({ settings, catalog }: Ready): Promise<WorkerSession> {
    const { worker, connect, logger } = this.options;
    const queues = servedQueues(settings.queues, worker);
    const broker = connect(settings, () => this.whenServing((runtime) => runtime.hurry()));
    await broker.connect();
    const children = (): Iterable<ChildProcess> => this.pool.children;
    const { leaseMs, cancelGraceMs, metrics } = worker;
    const closing = { limitMs: worker.shutdownGraceMs + ABORT_GRACE_MS, broadcastMs: BROADCAST_GRACE_MS };
    this.status.mostBytes = worker.maxMemoryPerChildBytes;
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
        new MemoryGuard(worker, children, this.pool.tooBig),
        new ClosingGuard({ broker, children, onError, ...closing }),
        ...this.scalers({ broker: broker.backlog, queues, onError }),
      ],
      onSessionLost: () => this.startOver(),
    });
    await runtime.start();
    logger.log(
      `Serving ${queues.join(', ')} with ${childrenOf(worker.children)}, ${counted(worker.concurrency, 'task')} at a time in each.`,
    );
    return runtime;
  }

  /** None for a fixed number of children: that costs nothing. */
  private scalers(given: Pick<ScalerOptions, 'broker' | 'queues' | 'onError'>): Scaler[] {
    const { worker, logger } = this.options;
    if (worker.children.min === worker.children.max) return [];
    this.scaler = new Scaler({
      ...given,
      worker,
      children: () => this.pool.children,
      isRunning: () => this.status.state === 'running',
      resize: (children) => this.pool.resize(children),
      logger,
    });
    return [this.scaler];
  }

  private get stopping(): boolean {
    return this.status.state === 'stopping';
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

  /** The lease ran out and other workers have the tasks: the work of the children is in vain. */
  private startOver(): void {
    if (this.stopping) return;
    this.options.logger.warn(
      'The lease is gone, so other workers may have its tasks; starting over with new children.',
    );
    for (const child of this.pool.children) child.kill();
  }

  /** Its children claim nothing more and end after their tasks. It stays, or a service manager would start another worker. */
  private quiet(): void {
    this.status.state = 'quiet';
    for (const child of this.pool.children) child.stop();
    this.changed();
  }

  private stop(why: string): void {
    const { logger, worker } = this.options;
    logger.log(`${why}: finishing the running tasks, for ${worker.shutdownGraceMs / 1_000} s at most.`);
    this.status.state = 'stopping';
    this.changed();
    this.pool.blame.lift();
    this.whenServing((runtime) => runtime.hasten());
    for (const child of this.pool.children) child.stop();
    this.later(worker.shutdownGraceMs, () => {
      for (const child of this.pool.children) child.abort();
    });
    this.later(worker.shutdownGraceMs + ABORT_GRACE_MS, () => this.killAll('The grace is over'));
    this.endWhenDone();
  }

  private killAll(why: string): void {
    if (this.pool.children.size > 0)
      this.options.logger.warn(
        `${why}: killing ${counted(this.pool.children.size, 'child', 'children')} now; the unfinished tasks run again.`,
      );
    for (const child of this.pool.children) child.kill();
  }

  /** The worker cannot start: nothing was claimed. */
  private fail(error?: unknown): void {
    if (error) this.options.logger.error(printedReason(error));
    this.exitCode = 1;
    this.status.state = 'stopping';
    this.pool.blame.lift();
    for (const child of this.pool.children) child.kill();
    this.endWhenDone();
  }

  private endWhenDone(): void {
    if (this.stopping && this.pool.isEmpty) void this.end();
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

function childrenOf({ min, max }: ResolvedWorkerOptions['children']): string {
  return min < max ? `${min} to ${max} children` : counted(min, 'child', 'children');
}
