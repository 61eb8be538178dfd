import type { ChildProcess as Fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { Claimant } from '../broker/port/broker.js';
import { type ChildMessage, parseChildMessage, type StartOrder, type SupervisorMessage } from '../ipc/ipc-protocol.js';
import { killGroup } from '../ipc/process-group.js';
import { BLANK_SCOREBOARD, type LimitedTask, type Scoreboard, ScoreboardReader } from '../ipc/scoreboard-reader.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import type { Backoff } from './backoff.js';
import { Mailbox } from './broadcasts/mailbox.js';
import type { Child } from './child.js';
import { ChildChannel } from './child-channel.js';
import { isOfAnotherTool } from './foreign-messages.js';
import { CHANNEL_FD, type Launch, spawnChild } from './spawn-child.js';

export interface ChildEvents {
  ready(message: Extract<ChildMessage, { type: 'ready' }>): void;
  worn(): void;
  /** It was ended because of tasks that did not end. */
  overdue(why: string): void;
  leaseLost(session: string): void;
  /** The channel brought a message that does not belong to the protocol; it was dropped. Emitted once for each child. */
  malformed(error: unknown): void;
  /**
   * The process is gone. `reason` is its exit code or signal, or why it could not boot; `uncaught` is the error that ended it, if
   * one did.
   */
  ended(reason: string, uncaught: UncaughtError | undefined): void;
}

/** One forked process: runs the same entry file as the supervisor and, once started, tasks. */
export class ChildProcess implements Child {
  scoreboard: Scoreboard = BLANK_SCOREBOARD;
  readonly forkedAtMs = performance.now();
  /** the broadcasts that it is still to run */
  readonly mailbox = new Mailbox(({ id, message }) => this.send({ type: 'broadcast', id, message }));
  /** Its name for the broker, once it was started. */
  claimant: Claimant | undefined;
  names: readonly string[] = [];
  private bootedAt: number | undefined;
  /** It was asked to end. */
  dismissed = false;
  /** It was ended by force, so that no task is to blame but these. */
  killed = false;
  /** The tasks for which it was ended. */
  timedOut: readonly LimitedTask[] = [];
  /** The child that it replaces; that child works until this one is ready. */
  predecessor: ChildProcess | undefined;
  /** The child that will replace it; a dead one while another is about to be forked. */
  successor: ChildProcess | undefined;
  /** none when the system could not make one */
  private fork: Fork | undefined;
  private channel: ChildChannel | undefined;
  private bootError: string | undefined;
  /** why its channel is of no use any more */
  private broken: string | undefined;
  private babbled = false;

  constructor(
    private readonly capacity: number,
    /** of the seat that it takes; the next child in that seat goes on with it */
    readonly backoff: Backoff,
    readonly launch: Launch,
    private readonly events: ChildEvents,
  ) {
    try {
      this.begin();
    } catch (error) {
      // the system refuses some things by a throw and others by a later event; the other children must work on in both cases
      process.nextTick(() => this.end(error instanceof Error ? error.message : String(error)));
    }
  }

  private begin(): void {
    const scoreboard = new ScoreboardReader(this.capacity);
    this.scoreboard = scoreboard;
    const fork = spawnChild(this.launch, scoreboard.fd);
    this.fork = fork;
    this.channel = this.listen(fork.stdio?.[CHANNEL_FD] as Duplex | undefined);
    // a process that was not spawned never exits; the exit event that follows reports all other errors
    fork.on('error', (error) => fork.pid ?? this.end(error.message));
    fork.once('exit', (code, signal) => void this.exited(code, signal));
  }

  private listen(stream: Duplex | undefined): ChildChannel | undefined {
    return (
      stream &&
      new ChildChannel(stream, {
        message: (value) => this.receive(value),
        // the tasks that it runs are to blame, as for any other death of their process
        broken: (why) => {
          this.broken = why;
          this.destroy();
        },
      })
    );
  }

  private async exited(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    // before its tasks are given to others: processes that they have started must not run beside their repetition
    killGroup(this.pid);
    await this.channel?.drained();
    // a killed process did not die of an error of its own
    if (signal) this.end(this.broken ?? signal);
    else this.end(`exit code ${code}`, this.scoreboard.uncaughtError());
  }

  get pid(): number {
    return this.fork?.pid ?? 0;
  }

  /** Whether it reported a booted app. */
  get booted(): boolean {
    return this.bootedAt !== undefined;
  }

  /** Whether it has reported why its app cannot be made. */
  get bootFailed(): boolean {
    return this.bootError !== undefined;
  }

  /** Milliseconds since it reported a booted app; 0 when it did not. */
  get uptimeMs(): number {
    return this.bootedAt === undefined ? 0 : performance.now() - this.bootedAt;
  }

  start(claimant: Claimant, work: Pick<StartOrder, 'concurrency' | 'maxTasks' | 'metrics'>): void {
    this.claimant = claimant;
    this.send({ type: 'start', ...claimant, ...work, capacity: this.capacity } satisfies StartOrder);
  }

  /** Asks it to finish what runs and end; one that has not booted has nothing to finish. */
  stop(): void {
    this.dismissed = true;
    if (this.booted) this.send({ type: 'stop' });
    else this.kill();
  }

  abort(): void {
    this.send({ type: 'abort' });
  }

  /** Ends it now, also while it is busy. */
  kill(): void {
    this.dismissed = true;
    this.killed = true;
    this.destroy();
  }

  /** Ends it now, as one that cannot boot. Gives the reason, unless the child has reported it. */
  failBoot(why: string): void {
    this.bootError ??= why;
    this.killed = true;
    this.destroy();
  }

  /** Asks it to abort the signal of a task, should it run there. */
  cancel(id: string): void {
    this.send({ type: 'cancel', id });
  }

  /** Ends it now, because of these tasks. */
  endFor(tasks: readonly LimitedTask[], why: string): void {
    if (this.killed) return;
    this.timedOut = tasks;
    this.kill();
    this.events.overdue(why);
  }

  /** User code in the child can send anything; the supervisor must survive it. Returns whether it was waited for. */
  private receive(value: unknown): boolean {
    if (isOfAnotherTool(value)) return false;
    let message: ChildMessage;
    try {
      message = parseChildMessage(value);
    } catch (error) {
      if (!this.babbled) this.events.malformed(error);
      this.babbled = true;
      return false;
    }
    if (message.type === 'broadcastEnded') return this.mailbox.ended(message.id, message.error, message.durationMs);
    if (message.type === 'bootFailed') this.bootError = message.error;
    else if (message.type === 'worn') this.events.worn();
    else if (message.type === 'leaseLost') this.events.leaseLost(message.session);
    else if (!this.booted) {
      this.bootedAt = performance.now();
      this.names = message.catalog.map(({ name }) => name);
      this.channel?.booted();
      this.events.ready(message);
      this.mailbox.open();
    }
    return false;
  }

  private send(message: SupervisorMessage): void {
    this.channel?.send(message);
  }

  /** Once it has ended its id may be another's; without one the signal would be for the group of the supervisor. */
  private destroy(): void {
    if (!this.fork?.pid || this.fork.exitCode !== null || this.fork.signalCode !== null) return;
    killGroup(this.pid);
    this.fork.kill('SIGKILL');
  }

  private end(reason: string, uncaught?: UncaughtError): void {
    this.fork?.removeAllListeners();
    void this.channel?.drained();
    // a broadcast may have ended the process: then no task is to blame for it
    this.killed ||= this.mailbox.busy;
    this.mailbox.close(reason);
    this.events.ended(this.bootError ?? reason, uncaught);
  }
}
