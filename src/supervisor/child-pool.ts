import type { LoggerService } from '@nestjs/common';
import type { Claimant } from '../broker/port/broker.js';
import type { ChildMessage } from '../ipc/ipc-protocol.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import type { ResolvedWorkerOptions } from '../options/resolve-options.js';
import { MB } from '../values/byte-size.js';
import { printed } from '../values/printed.js';
import { Backoff } from './backoff.js';
import { Blame } from './blame.js';
import { blamedFor, type Death } from './child-exit.js';
import { exitLine, unbooted } from './child-exit-log.js';
import { ChildProcess } from './child-process.js';
import type { WorkerStatus } from './digest/worker-status.js';
import { isStaying, surplusOf } from './scaling/surplus.js';
import type { Launch } from './spawn-child.js';
import type { WorkerSession } from './worker-session.js';

/** A child that lived this long without dying by a task is no failed attempt, in ms. */
const SETTLED_MS = 5_000;

const NOTHING_RAN = { running: [], done: [], timedOut: [] };

export type Ready = Extract<ChildMessage, { type: 'ready' }>;

export interface ChildPoolOptions {
  readonly worker: ResolvedWorkerOptions;
  /** room for the tasks that one child may hold */
  readonly capacity: number;
  readonly program: Launch['program'];
  readonly logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  readonly status: WorkerStatus;
}

/** The supervisor, as its children need it. */
export interface PoolOwner {
  /** Whether no child is to be forked any more. */
  isEnding(): boolean;
  /** Undefined before the first child has booted. */
  session(): Promise<WorkerSession> | undefined;
  /** A child has booted; the first one brings the settings for the session. */
  open(message: Ready): Promise<WorkerSession>;
  leaseLost(session: string): void;
  changed(): void;
  /** A child ended by itself. */
  crashed(): void;
  /** A child is gone and settled. */
  settled(): void;
  fail(error?: unknown): void;
  later(ms: number, act: () => void): void;
}

/**
 * The children of a supervisor: as many as wanted, each with its successor while it is replaced. One that ends is settled,
 * which gives its tasks to others.
 */
export class ChildPool {
  readonly children = new Set<ChildProcess>();
  readonly blame = new Blame();
  private readonly settling = new Set<Promise<void>>();
  /** children that are forked after a pause, because others ended too early */
  private awaited = 0;
  private wanted: number;

  constructor(
    private readonly options: ChildPoolOptions,
    private readonly owner: PoolOwner,
  ) {
    this.wanted = options.worker.children.min;
  }

  /** Whether no child is left, and none to settle. */
  get isEmpty(): boolean {
    return this.children.size === 0 && this.settling.size === 0;
  }

  /** Forks the first one. */
  begin(): void {
    this.fork();
  }

  /** From now on there are to be so many. Those beyond claim nothing more and end after their tasks, the idlest first. */
  resize(wanted: number): void {
    this.wanted = wanted;
    this.fill();
    // those that are forked after a pause are not forked then
    for (const child of surplusOf(this.children, wanted)) {
      child.predecessor?.stop();
      child.stop();
    }
    this.owner.changed();
  }

  /** Replaces a child without a gap: it works until its successor does. */
  retire(child: ChildProcess, why: string): void {
    if (this.owner.isEnding() || child.dismissed || child.successor || !child.claimant) return;
    this.options.logger.log(`Replacing child ${child.pid}: ${why}.`);
    this.options.status.restarting(child.pid, why);
    this.fork(child.backoff, child);
  }

  /** Replaces a child that has grown beyond a limit. */
  readonly tooBig = (child: ChildProcess, bytes: number): void =>
    // a limit that the app exceeds at boot must not make an endless succession
    child.uptimeMs > SETTLED_MS ? this.retire(child, `it takes ${Math.round(bytes / MB)} MB`) : undefined;

  private get missing(): number {
    return this.wanted - [...this.children].filter(isStaying).length - this.awaited;
  }

  private fill(): void {
    for (let { missing } = this; missing > 0 && !this.owner.isEnding(); missing -= 1) this.fork();
  }

  private fork(backoff = new Backoff(), predecessor?: ChildProcess): void {
    if (this.owner.isEnding()) return;
    const { capacity, program, logger, status, worker } = this.options;
    const launch = { program, seat: this.freeSeat() };
    const child: ChildProcess = new ChildProcess(capacity, backoff, launch, {
      worn: () => this.retire(child, `it has run ${worker.maxTasksPerChild} tasks`),
      overdue: (why) => {
        status.restarting(child.pid, why);
        logger.warn(`Child ${child.pid} is ended: ${why}.`);
      },
      ready: (message) => void this.welcome(child, message).catch((error: unknown) => this.owner.fail(error)),
      leaseLost: (session) => this.owner.leaseLost(session),
      malformed: (error) => logger.error(`Child ${child.pid}: ${printed(error)}`),
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

  /** The first child that boots brings the settings; only then the others are forked, so that a broken app fails once. */
  private async welcome(child: ChildProcess, message: Ready): Promise<void> {
    const first = this.owner.session() === undefined;
    const session = await this.owner.open(message);
    if (first) this.fill();
    const claimant = await session.admit();
    if (!claimant) return;
    // a child that ended meanwhile will not be asked again: give its name back
    if (child.dismissed || !this.children.has(child))
      await session.settle(claimant, { pid: child.pid, reason: 'ended before its start', ...NOTHING_RAN });
    else this.start(child, claimant);
  }

  private start(child: ChildProcess, claimant: Claimant): void {
    const { concurrency, maxTasksPerChild: maxTasks = 0, metrics } = this.options.worker;
    child.start(claimant, { concurrency, maxTasks, metrics });
    child.predecessor?.stop();
    child.predecessor = undefined;
    this.owner.changed();
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
      this.owner.settled();
    });
    this.settling.add(settling);
    this.owner.changed();
    if (this.owner.isEnding()) return;
    if (!child.dismissed) {
      this.options.status.restarting(pid, reason, true);
      this.owner.crashed();
    }
    if (!child.booted && !child.dismissed) this.options.logger.error(unbooted(pid, reason, uncaught));
    if (!this.owner.session()) return this.owner.fail();
    // its successor has been forked already
    if (child.successor) child.successor.predecessor = undefined;
    else this.replace(child, blamedFor(death).length > 0);
  }

  private replace({ backoff, predecessor, dismissed, uptimeMs }: ChildProcess, diedByTask: boolean): void {
    const again = (): void => {
      const former = predecessor && this.children.has(predecessor) ? predecessor : undefined;
      if (this.missing > 0) this.fork(backoff, former);
      // one fewer is wanted since: this place is given up, with the child that waits there for its successor
      else if (former && !former.dismissed) former.stop();
    };
    if (!dismissed && !diedByTask && uptimeMs < SETTLED_MS) {
      this.awaited += 1;
      return this.owner.later(backoff.next(), () => {
        this.awaited -= 1;
        again();
      });
    }
    backoff.reset();
    again();
  }

  private async settle(child: ChildProcess, found: Death): Promise<void> {
    if (!child.claimant) return;
    const death = await this.blame.settled(found);
    const settlement = await (await this.owner.session())?.settle(child.claimant, death);
    const expected = child.dismissed && death.running.length + death.timedOut.length === 0;
    if (settlement && !expected) this.options.logger.warn(exitLine(death, settlement));
  }
}
