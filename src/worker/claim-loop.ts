import type { ChildBroker, Claimant, ClaimedTask } from '../broker/port/broker.js';
import type { ScoreboardWriter } from '../ipc/scoreboard-writer.js';
import { roughNameOf } from '../message/message-label.js';
import { TaskCancelledError } from '../policy/task-errors.js';
import { BatchSize } from './batch-size.js';
import { Claimer } from './claimer.js';
import {
  type Executor,
  isFailure,
  type Outcome,
  type OutcomeListener,
  type PreparedTask,
  type StartListener,
} from './executor.js';
import type { Finisher } from './finisher.js';
import { hardLimit } from './hard-limit.js';
import type { HeldTasks } from './held-tasks.js';
import type { NoteTaker } from './running-task.js';
import { RunningTasks } from './running-tasks.js';
import { SlowStarts } from './slow-starts.js';

/** While it drains for a quarantined task a child looks again this often, in ms: another may have taken it. */
const DRAIN_MS = 1_000;

export interface ClaimLoopOptions {
  readonly broker: ChildBroker;
  readonly claimant: Claimant;
  readonly concurrency: number;
  /** tasks after which the child is worn; 0 for never */
  readonly maxTasks: number;
  readonly executor: Executor;
  readonly scoreboard: ScoreboardWriter;
  /** the places of the names of tasks in the catalog, for the scoreboard */
  readonly names?: ReadonlyMap<string, number>;
  readonly onStart?: StartListener | undefined;
  readonly notes?: NoteTaker;
  readonly onOutcome?: OutcomeListener;
  /** Called once; the child works on until it is stopped. */
  readonly onWorn: () => void;
  /** Redis gave the tasks of this child to others: it must end. */
  readonly onLeaseLost: () => void;
}

/**
 * The life of a child: claim a batch, start its tasks as slots become free, end each claim, claim again, ahead of need
 * where tasks are short; without work, block on the bells. `run` resolves after `stop`, once nothing is held any more.
 *
 * A claimed task is started within its StartWindow or given back, so that a long task strands nothing behind it.
 */
export class ClaimLoop {
  private readonly running = new RunningTasks();
  private readonly slowStarts = new SlowStarts();
  private readonly batchSize: BatchSize;
  private readonly claimer: Claimer;
  private readonly held: HeldTasks;
  private readonly finisher: Finisher;
  private ended = 0;
  private wake: () => void = () => {};

  constructor(private readonly options: ClaimLoopOptions) {
    this.batchSize = new BatchSize(options.concurrency);
    this.claimer = new Claimer({
      ...options,
      batchSize: this.batchSize,
      onWindowPassed: () => this.wake(),
      onLeaseLost: () => {
        this.wake();
        options.onLeaseLost();
      },
    });
    this.held = this.claimer.held;
    this.finisher = this.claimer.finisher;
  }

  async run(): Promise<void> {
    while (!this.claimer.stopping) {
      if (this.wanted > 0) await this.claim();
      else await this.change();
    }
    this.claimer.giveUpWaiting();
    while (this.running.size > 0) await this.change();
    await this.finisher.settled();
  }

  /** Takes no more tasks, gives back those not started, lets the running ones finish. Idempotent. */
  stop(): void {
    this.claimer.stop();
    this.wake();
  }

  /** Aborts the signals of the running tasks; one that fails from now on is released, not counted. */
  abort(reason: Error): void {
    this.running.abort(reason);
  }

  /** Lets go of its tasks: from now on it changes nothing in Redis, and ends with those that run. Idempotent. */
  sever(): void {
    this.claimer.sever();
  }

  /** Aborts the signal of a task if it runs here; one that was cancelled before its start is not started. */
  cancel(id: string): void {
    this.running.cancel(id);
  }

  /** How many tasks to claim now; any number after a claim without an answer, which asks for what that one brought. */
  private get wanted(): number {
    const { concurrency, scoreboard } = this.options;
    if (this.held.unanswered) return 1;
    if (this.running.alone) return 0;
    return Math.min(
      this.batchSize.next(concurrency - this.running.size, this.held.unstarted),
      scoreboard.capacity - this.held.size,
      this.slowStarts.limit,
    );
  }

  private async claim(): Promise<void> {
    // a task may end, and others be given back, while this is awaited
    while (this.finisher.isReturning) await this.finisher.returned();
    const limit = this.wanted;
    if (limit === 0) return;
    // what waits for its start takes the free slots first
    const limited = Math.max(this.options.concurrency - this.running.size - this.held.unstarted, 0);
    const reply = await this.claimer.claim(limit, limited, this.slowStarts.patience);
    if (!reply) return;
    if (reply.tasks.length > 0) this.slowStarts.claimed();
    this.start();
    const idle = this.running.size < this.options.concurrency && this.held.unstarted === 0;
    // a repeated claim did not look into the queues: nothing is known of them, and their ring may be used up
    if (reply.tasks.length === 0 && idle && !reply.repeated) await this.waitForWork(reply.drain);
  }

  private waitForWork(drain: boolean): Promise<void> | undefined {
    if (this.claimer.stopping) return undefined;
    this.finisher.flush();
    if (!drain) return this.claimer.waitForBell();
    return this.running.size > 0 ? this.changeWithin(DRAIN_MS) : this.finisher.settled();
  }

  /** The next task, if a slot is free for it. */
  private get startable(): ClaimedTask | undefined {
    return this.running.size < this.options.concurrency && !this.claimer.stopping ? this.held.first : undefined;
  }

  /** Starts what was claimed in the slots that are free. */
  private start(): void {
    for (let task = this.startable; task; task = this.startable) {
      if (this.running.wasCancelled(task.id)) {
        this.held.next();
        // Redis decides: it ends what is still cancelled, and gives back what somebody has sent again since
        this.claimer.giveBack(task.id);
      } else if (this.noted(task)) {
        this.held.next();
        this.execute(task);
      } else {
        this.slowStarts.missed(task);
        return this.claimer.giveUpWaiting();
      }
    }
    if (this.held.unstarted > 0) this.claimer.window.watch();
    else if (!this.held.claiming) this.claimer.window.close();
  }

  /**
   * Notes the start, for the supervisor to leave the task alone, unless it may have given it to others by now. The arguments
   * are read after that: however long it takes, the task starts, and a process that dies over it counts a crash of the task.
   */
  private noted({ id, message }: ClaimedTask): boolean {
    const { scoreboard, names } = this.options;
    scoreboard.started(id, names?.get(roughNameOf(message)));
    if (!this.claimer.window.passed) return true;
    scoreboard.withdrawn(id);
    return false;
  }

  private execute(claimed: ClaimedTask): void {
    const { executor, scoreboard } = this.options;
    const prepared = this.slowStarts.timed(claimed, () => executor.prepare(claimed));
    if (isFailure(prepared)) {
      scoreboard.withdrawn(claimed.id);
      this.options.onStart?.unstarted(claimed, prepared);
      executor.outcomes.unstarted(claimed, prepared);
      return this.finisher.fail(claimed, prepared);
    }
    if (this.claimer.wasStopped(claimed.id)) {
      scoreboard.withdrawn(claimed.id);
      return this.endStopped(claimed, prepared);
    }
    if (this.finisher.acksWait && this.batchSize.mayBlock(prepared.task.name)) this.finisher.flush();
    if (prepared.policy.hardTimeoutMs !== undefined) scoreboard.limited(claimed.id, hardLimit(prepared));
    this.running.add(prepared.task, claimed.message);
    prepared.task.notes = this.options.notes;
    if (prepared.task.message.options.refs) prepared.task.results = this.options.broker.results;
    this.options.onStart?.started(prepared.task, prepared.at);
    // it never rejects; a callback, because an async function takes a twelfth of the time of a short task
    void executor.run(prepared).then((outcome) => this.end(claimed, prepared, outcome));
  }

  /** Ends a task that must not start, because somebody has stopped its batch or flow. */
  private endStopped(claimed: ClaimedTask, { task }: PreparedTask): void {
    const error = new TaskCancelledError(task.name);
    task.abort(error);
    const decision = { kind: 'drop' } as const;
    const outcome = { kind: 'failed', error, decision, task, attempted: false, durationMs: 0 } as const;
    this.options.onOutcome?.(task, outcome);
    this.options.executor.outcomes.ended(task, outcome);
    this.finisher.endCancelled(claimed);
  }

  private end(claimed: ClaimedTask, { task }: PreparedTask, outcome: Outcome): void {
    const { id, message } = claimed;
    this.running.delete(id, message);
    this.batchSize.learn(task.name, outcome.durationMs);
    this.ended += 1;
    if (this.ended === this.options.maxTasks) this.options.onWorn();
    const { aborted } = this.running;
    const givenBack = aborted && isGivenBack(outcome);
    this.options.onOutcome?.(task, outcome, givenBack);
    this.options.executor.outcomes.ended(task, outcome, givenBack);
    const giveBack = aborted ? (): void => this.claimer.giveBack(id) : undefined;
    this.finisher.finish(claimed, task, outcome, giveBack);
    this.start();
    this.options.scoreboard.flush();
    if (this.claimer.stopping || (!this.held.claiming && this.wanted > 0)) this.wake();
  }

  private async changeWithin(ms: number): Promise<void> {
    const timer = setTimeout(() => this.wake(), ms);
    await this.change();
    clearTimeout(timer);
  }

  /** Resolves at the next end of a task, or at `stop`. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** Whether a finisher gives the task back once the grace of a shutdown is over. */
function isGivenBack(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.decision.kind !== 'drop';
}
