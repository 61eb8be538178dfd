import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Claimant } from '../broker/port/broker.js';
import { RedisBroker } from '../broker/redis-broker.js';
import { COPY } from '../discovery/copies.js';
import type { WorkerApp } from '../discovery/worker-app.js';
import type { ResolvedWorkerOptions } from '../options/resolve-options.js';
import { appPackage } from '../supervisor/app-name.js';
import { Backoff } from '../supervisor/backoff.js';
import { WorkerStatus } from '../supervisor/digest/worker-status.js';
import { onStopSignals, STOP_SIGNALS } from '../supervisor/signals.js';
import { VERSION } from '../supervisor/version.generated.js';
import { workerSession } from '../supervisor/worker-parts.js';
import type { WorkerSession } from '../supervisor/worker-session.js';
import { counted } from '../values/counted.js';
import { servedQueues } from '../values/queue-names.js';
import { shutdownError } from '../worker/shutdown-error.js';
import { InProcessChild } from './in-process-child.js';

export { COPY };

/** How long tasks may take to react to their aborted signal before the app is closed while they run, in ms. */
const ABORT_GRACE_MS = 2_000;
const NOTHING_RAN = { running: [], done: [], timedOut: [] };

export interface InProcessWorkerOptions {
  readonly worker: ResolvedWorkerOptions;
  readonly app: WorkerApp;
  /** since when broadcasts concern this process, by `performance.now()` */
  readonly sinceMs: number;
}

/**
 * A worker in the process of the app. It does for the one "child" that is this process what a supervisor does for its
 * children, with the same parts. It cannot end a process.
 *
 * After a lost lease (the process was blocked or cut off for too long) the claims of the child end: other workers have its
 * tasks, and its work changes nothing in Redis. Then it starts over under a new session.
 */
export class InProcessWorker {
  private readonly logger = new Logger('TaskWorker');
  private readonly child: InProcessChild;
  private readonly status = new WorkerStatus(appPackage(process.argv[1]), {
    inProcess: true,
    version: VERSION,
  });
  private runtime: WorkerSession | undefined;
  private serving: Promise<void> = Promise.resolve();
  private abandoned = new AbortController();
  private readonly ending = new AbortController();
  private redisAway = false;
  /** when the app began to close, perhaps by a signal */
  private closedMs: number | undefined;
  private shutdown: Promise<void> | undefined;

  constructor(private readonly options: InProcessWorkerOptions) {
    const { worker, app } = options;
    this.child = new InProcessChild({
      app,
      concurrency: worker.concurrency,
      metrics: worker.metrics,
      connect: () => new RedisBroker(app.settings),
      onLeaseLost: (session) => this.runtime?.replaceSession(session),
      logger: this.logger,
    });
  }

  /**
   * Opens a session and begins to claim.
   *
   * @throws NestworkError REDIS_UNAVAILABLE and other errors of Redis; it has claimed nothing then
   */
  async start(): Promise<void> {
    const { worker, app } = this.options;
    const queues = servedQueues(app.settings.queues, worker);
    const runtime = this.open(queues);
    await runtime.start().catch(async (error: unknown) => {
      await runtime.close();
      this.child.close();
      throw error;
    });
    this.runtime = runtime;
    this.child.mailbox.open();
    this.serving = this.serve(runtime);
    this.logger.log(`Serving ${queues.join(', ')} within the app, ${counted(worker.concurrency, 'task')} at a time.`);
  }

  /**
   * Claims no more and waits for running tasks, as long as the `shutdownGrace`; then aborts them, and a little later leaves
   * them. All claims are given up when it resolves, also for a second call: on Nest 11 an app that is closed twice, by a
   * signal and by itself, runs its hooks twice.
   */
  stop(): Promise<void> {
    if (this.runtime) this.shutdown ??= this.drain(this.runtime);
    return this.shutdown ?? Promise.resolve();
  }

  private get stopping(): boolean {
    return this.status.state === 'stopping';
  }

  private async drain(runtime: WorkerSession): Promise<void> {
    const { child } = this;
    const { shutdownGraceMs } = this.options.worker;
    this.closedMs = performance.now();
    if (child.running.length > 0) {
      this.logger.log(`Finishing the running tasks, for ${shutdownGraceMs / 1_000} s at most.`);
    }
    this.status.state = 'stopping';
    runtime.changed();
    this.ending.abort();
    runtime.hasten();
    child.stop();
    const drained = Promise.all([this.serving, child.settled()]);
    if (!(await this.within(drained, shutdownGraceMs))) {
      child.abort(shutdownError());
      // a step that only waits for an absent Redis does not react to a signal; a slow one will soon get its answer
      const inVain = this.redisAway && child.running.length === 0;
      if (inVain || !(await this.within(drained, ABORT_GRACE_MS))) this.leaveBehind();
    }
    await this.giveUp(runtime, child.claimant);
    child.mailbox.close('the app was closed');
    await runtime.close();
    child.close();
  }

  private open(queues: readonly string[]): WorkerSession {
    const { worker, app, sinceMs } = this.options;
    const { settings, catalog } = app;
    const { logger } = this;
    // the connection of the app logs outages
    const away = (): void => {
      this.redisAway = true;
    };
    const onOutage = {
      lost: away,
      refused: away,
      restored: () => {
        this.redisAway = false;
        this.runtime?.hurry();
      },
    };
    const onWarning = (warning: string): void => this.logger.warn(warning);
    const broker = new RedisBroker({ ...settings, onOutage, onWarning });
    const { leaseMs, cancelGraceMs, metrics } = worker;
    return workerSession({
      broker,
      queues,
      catalog,
      settings,
      status: this.status,
      steered: { obey: () => 'it runs in the process of its app, which it cannot end' },
      leaseMs,
      cancelGraceMs,
      metrics,
      sinceMs,
      children: () => [this.child],
      logger,
      onSessionLost: () => this.startOver(),
    });
  }

  /** One claim loop after another, each under a session of its own. */
  private async serve(runtime: WorkerSession): Promise<void> {
    while (!this.stopping) {
      await this.prepare();
      if (this.stopping) return;
      const claimant = await runtime.admit();
      if (!claimant) return;
      if (this.stopping) return this.giveUp(runtime, claimant);
      this.abandoned = new AbortController();
      const { signal } = this.abandoned;
      const ended = this.child.start(claimant);
      await Promise.race([ended, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
      if (this.stopping) return ended;
      // also of a session that was replaced before this claim loop noticed it
      this.child.sever();
      // tasks that heed their signal are given time, so that as few as possible run beside their own repetition
      if (!(await this.within(ended, this.options.worker.cancelGraceMs))) {
        this.logger.warn(`Tasks of the lost session still run, in vain: ${this.child.running.join(', ')}.`);
      }
    }
  }

  /** Resolves when the next claim loop has all that the system may refuse, or when there is no next one. */
  private async prepare(): Promise<void> {
    const backoff = new Backoff();
    while (!this.stopping) {
      try {
        return this.child.prepare();
      } catch (error) {
        this.logger.error(`Cannot start over yet: ${error instanceof Error ? error.message : String(error)}`);
        await delay(backoff.next(), undefined, { signal: this.ending.signal }).catch(() => {});
      }
    }
  }

  private startOver(): void {
    if (this.stopping) return;
    this.logger.warn(
      'The lease is gone, so other workers may have its tasks; aborting them and starting over. A task that blocks the event ' +
        'loop for longer than the lease needs a separate worker.',
    );
    this.child.abandon();
    this.abandoned.abort();
  }

  /** Held tasks go to other workers, uncounted; tasks that still run change nothing any more. */
  private async giveUp(runtime: WorkerSession, claimant: Claimant | undefined): Promise<void> {
    const death = { pid: process.pid, reason: 'the app was closed', ...NOTHING_RAN };
    if (claimant) await runtime.settle(claimant, death);
    this.child.sever();
  }

  private leaveBehind(): void {
    const { running } = this.child;
    const what = running.length > 0 ? running.join(', ') : 'tasks whose end Redis has not confirmed';
    this.logger.error(`The grace is over, and the app is closed before the end of ${what}. They will run again.`);
  }

  /** Whether it resolves in time; a signal to stop, which is the second one by then, ends the wait. */
  private async within(wanted: Promise<unknown>, ms: number): Promise<boolean> {
    const patience = new AbortController();
    // if no other code listens, a listener would keep the signal from ending the process
    const signals = STOP_SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
    const unlisten = onStopSignals(() => patience.abort(), { signals, lastMs: this.closedMs });
    try {
      const inTime = wanted.then(() => true);
      const late = delay(ms, false, { signal: patience.signal }).catch(() => false);
      return await Promise.race([inTime, late]);
    } finally {
      patience.abort();
      unlisten();
    }
  }
}
