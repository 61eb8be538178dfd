import type { Logger } from '@nestjs/common';
import type { Claimant } from '../broker/port/broker.js';
import type { RedisBroker } from '../broker/redis-broker.js';
import type { WorkerApp } from '../discovery/worker-app.js';
import { NestworkError } from '../errors.js';
import { CANCELLED } from '../ipc/scoreboard-layout.js';
import { type LimitedTask, ScoreboardReader } from '../ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../ipc/scoreboard-writer.js';
import { Mailbox } from '../supervisor/broadcasts/mailbox.js';
import type { Child } from '../supervisor/child.js';
import { systemClock } from '../values/clock.js';
import { NewNames } from '../values/log-once.js';
import { scoreboardCapacity } from '../worker/batch-size.js';
import { BroadcastRunner } from '../worker/broadcast-runner.js';
import { ClaimLoop } from '../worker/claim-loop.js';
import { logBrokenBackoff } from '../worker/executor.js';
import { LoopListeners } from '../worker/loop-listeners.js';
import { StartRuns } from '../worker/start-runs.js';
import { TrackingExecutor } from './tracking-executor.js';

export interface InProcessChildOptions {
  readonly app: WorkerApp;
  readonly concurrency: number;
  /** whether tasks are counted */
  readonly metrics: boolean;
  /** Makes the connections of one claim loop; a closed connection cannot be used again. */
  readonly connect: () => RedisBroker;
  readonly onLeaseLost: (session: string) => void;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

/** One claim loop with all that ends with it. */
interface Shift {
  readonly loop: ClaimLoop;
  readonly broker: RedisBroker;
  /** the loop has ended: none of its tasks runs any more */
  readonly ended: Promise<void>;
}

/**
 * This process, as the parts of a supervisor see a child: it claims, takes broadcasts, and writes a scoreboard.
 *
 * It lives as long as the app, while its claim loop lives as long as a session. Where a supervisor would end a child's
 * process, the signal of the task aborts and the log has a warning.
 */
export class InProcessChild implements Child {
  readonly pid = process.pid;
  readonly booted = true;
  readonly forkedAtMs = performance.now();
  readonly names: readonly string[];
  dismissed = false;
  claimant: Claimant | undefined;
  scoreboard: ScoreboardReader;
  readonly mailbox = new Mailbox(({ id, message }) => this.broadcasts.run({ type: 'broadcast', id, message }));
  private readonly executor: TrackingExecutor;
  private readonly broadcasts: BroadcastRunner;
  private readonly starts: StartRuns;
  private readonly capacity: number;
  private readonly outliving = new NewNames();
  private shift: Shift | undefined;
  /** the scoreboard of the next claim loop */
  private prepared: ScoreboardReader | undefined;

  /** @throws NestworkError NO_SCOREBOARD */
  constructor(private readonly options: InProcessChildOptions) {
    const { app, concurrency } = options;
    const { registry, hooks, payloads } = app;
    this.names = app.catalog.map(({ name }) => name);
    this.capacity = scoreboardCapacity(concurrency);
    this.scoreboard = new ScoreboardReader(this.capacity);
    this.prepared = this.scoreboard;
    this.executor = new TrackingExecutor(registry, hooks, logBrokenBackoff, systemClock, payloads);
    this.broadcasts = new BroadcastRunner(this.executor, ({ id, error, durationMs }) =>
      this.mailbox.ended(id, error, durationMs),
    );
    this.starts = new StartRuns(this.executor, registry.all());
  }

  /** The tasks and broadcasts that run now. */
  get running(): readonly string[] {
    return this.executor.names;
  }

  /**
   * Before each `start`: makes the files that the system may refuse.
   *
   * @throws NestworkError NO_SCOREBOARD
   */
  prepare(): void {
    this.prepared ??= new ScoreboardReader(this.capacity);
  }

  /** Begins to claim. Resolves when no task of this claim loop runs any more. */
  start(claimant: Claimant): Promise<void> {
    const { app, connect, concurrency, onLeaseLost } = this.options;
    this.prepare();
    const scoreboard = this.prepared ?? this.scoreboard;
    this.prepared = undefined;
    this.closeScoreboard();
    const broker = connect();
    const { catalog, hooks, waits } = app;
    const listeners = new LoopListeners({
      ...{ broker, claimant, catalog, hooks, metrics: this.options.metrics },
      payloads: this.executor.payloads,
    });
    const loop = new ClaimLoop({
      ...listeners.loop,
      broker,
      claimant,
      concurrency,
      maxTasks: 0,
      executor: this.executor,
      scoreboard: new ScoreboardWriter(this.capacity, scoreboard.fd),
      onWorn: () => {},
      onLeaseLost: () => onLeaseLost(claimant.session),
    });
    waits.serve({ claimant, concurrency, broker });
    listeners.start();
    this.starts.start();
    const ended = loop.run().then(() => listeners.end());
    this.claimant = claimant;
    this.scoreboard = scoreboard;
    this.shift = { loop, broker, ended };
    return ended;
  }

  /** Claims no more, and gives back tasks that have not started. */
  stop(): void {
    this.dismissed = true;
    this.shift?.loop.stop();
  }

  /** Aborts the signals of all that runs. */
  abort(reason: NestworkError): void {
    this.shift?.loop.abort(reason);
    this.broadcasts.abort(reason);
    this.starts.abort(reason);
  }

  /** The session is gone, and its tasks with it: ends the claim loop, and aborts what it runs. */
  abandon(): void {
    this.shift?.loop.abort(leaseLost());
    this.sever();
  }

  /** Lets go of the claims: tasks that still run change nothing in Redis. */
  sever(): void {
    this.claimant = undefined;
    this.shift?.loop.sever();
    void this.shift?.broker.close();
  }

  /** Resolves when no broadcast runs; none is taken from then on. */
  async settled(): Promise<void> {
    await Promise.all([this.broadcasts.settled(), this.starts.settled()]);
  }

  /** The app is closed. */
  close(): void {
    this.closeScoreboard();
    this.prepared?.close();
    this.prepared = undefined;
  }

  cancel(id: string): void {
    this.shift?.loop.cancel(id);
  }

  /** Logs why its process would have been ended, once for each task. */
  endFor(tasks: readonly LimitedTask[], why: string): void {
    for (const { id, afterwards } of tasks) {
      const isFirst = afterwards === CANCELLED ? this.outliving.isNew(id) : this.executor.timeOut(id);
      if (!isFirst) continue;
      this.options.logger.error(
        `Task ${this.nameOf(id)} runs on, though ${why}: a worker in the process of the app cannot end it. Its signal is ` +
          'aborted. Let it end when its signal aborts, or run it by WorkerFactory.run.',
      );
    }
  }

  /**
   * Not before the end of the claim loop: a task that runs on would write into a file that may belong to another one by
   * then.
   */
  private closeScoreboard(): void {
    const { scoreboard } = this;
    void this.shift?.ended.then(() => scoreboard.close());
  }

  private nameOf(id: string): string {
    return this.executor.names.find((name) => name.endsWith(id)) ?? id;
  }
}

function leaseLost(): NestworkError {
  return new NestworkError(
    'LEASE_LOST',
    'The lease of this worker ran out, so the task was given to others; the rest of this attempt changes nothing in Redis.',
    [
      'Move tasks that block the event loop to a separate worker: WorkerFactory.run keeps its lease while they block.',
      'Give `lease` a longer time.',
    ],
  );
}
