import { type ChildProcess as Fork, fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Claimant } from '../broker/broker.js';
import type { Backoff } from './backoff.js';
import { inspectorArguments } from './inspector-port.js';
import { type ChildMessage, parseChildMessage, type StartOrder, type SupervisorMessage } from './ipc-protocol.js';
import type { LastWords } from './last-words.js';
import { Mailbox } from './mailbox.js';
import { killGroup, LEADS_GROUP } from './process-group.js';
import { type LimitedTask, ScoreboardReader } from './scoreboard.js';

export interface ChildEvents {
  ready(message: Extract<ChildMessage, { type: 'ready' }>): void;
  worn(): void;
  /** It was ended because of tasks that did not end. */
  overdue(why: string): void;
  leaseLost(session: string): void;
  /** Something that is not of the protocol came over the channel; it was dropped. Told once for each child. */
  malformed(error: unknown): void;
  /**
   * The process is gone. `reason` is its exit code or signal, or why it could not boot; `uncaught` is the error that ended it, if
   * one did.
   */
  ended(reason: string, uncaught: LastWords | undefined): void;
}

/** Where a child finds itself. */
export interface Launch {
  /** added to the environment of the supervisor */
  readonly environment: Readonly<Record<string, string>>;
  /** its number among the children there are now, from 0: it decides on which port a debugger finds the child */
  readonly seat: number;
}

/** One forked process: runs the same entry file as the supervisor and, once started, tasks. */
export class ChildProcess {
  readonly scoreboard: ScoreboardReader;
  readonly forkedAtMs = performance.now();
  /** the broadcasts that it is still to run */
  readonly mailbox = new Mailbox(({ id, message }) => this.send({ type: 'broadcast', id, message }));
  /** Who it is to the broker, once it was started. */
  claimant: Claimant | undefined;
  private bootedAt: number | undefined;
  /** It was told to end. */
  dismissed = false;
  /** It was ended by force, so that no task is to blame but these. */
  killed = false;
  /** The tasks for which it was ended. */
  timedOut: readonly LimitedTask[] = [];
  /** The child that it was forked to take over from, which works until then. */
  predecessor: ChildProcess | undefined;
  /** The child that will take over from it; a dead one while another is about to be forked. */
  successor: ChildProcess | undefined;
  private readonly fork: Fork;
  private bootError: string | undefined;
  private babbled = false;

  constructor(
    private readonly capacity: number,
    /** of the seat that it takes; handed on to whoever takes it next */
    readonly backoff: Backoff,
    readonly launch: Launch,
    private readonly events: ChildEvents,
  ) {
    this.scoreboard = new ScoreboardReader(capacity);
    const { execArgv, debugPort, env } = process;
    const inspector = inspectorArguments(launch.seat, { execArgv, nodeOptions: env.NODE_OPTIONS, debugPort });
    this.fork = fork(process.argv[1] ?? '', process.argv.slice(2), {
      env: { ...env, ...launch.environment },
      execArgv: [...execArgv, ...inspector],
      serialization: 'advanced',
      detached: LEADS_GROUP,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', this.scoreboard.fd],
    });
    this.fork.on('message', (message) => this.receive(message));
    // what could not be spawned never exits; other errors are told by the exit that follows them
    this.fork.on('error', (error) => this.fork.pid ?? this.end(error.message));
    // what was killed did not die of an error of its own
    this.fork.once('exit', (code, signal) =>
      signal ? this.end(signal) : this.end(`exit code ${code}`, this.scoreboard.lastWords()),
    );
  }

  get pid(): number {
    return this.fork.pid ?? 0;
  }

  /** Whether it reported a booted app. */
  get booted(): boolean {
    return this.bootedAt !== undefined;
  }

  /** Whether it has told why its app cannot be made. */
  get bootFailed(): boolean {
    return this.bootError !== undefined;
  }

  /** Milliseconds since it reported a booted app; 0 when it did not. */
  get uptimeMs(): number {
    return this.bootedAt === undefined ? 0 : performance.now() - this.bootedAt;
  }

  start(claimant: Claimant, work: Pick<StartOrder, 'concurrency' | 'maxTasks'>): void {
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

  /** Ends it now, whatever it does. */
  kill(): void {
    this.dismissed = true;
    this.killed = true;
    this.destroy();
  }

  /** Ends it now, as one that cannot boot: why, unless it has told that itself. */
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

  /** User code in the child can send anything; the supervisor must survive it. */
  private receive(value: unknown): void {
    let message: ChildMessage;
    try {
      message = parseChildMessage(value);
    } catch (error) {
      if (!this.babbled) this.events.malformed(error);
      this.babbled = true;
      return;
    }
    if (message.type === 'bootFailed') this.bootError = message.error;
    else if (message.type === 'worn') this.events.worn();
    else if (message.type === 'leaseLost') this.events.leaseLost(message.session);
    else if (message.type === 'broadcastEnded') this.mailbox.ended(message.id, message.error, message.durationMs);
    else if (!this.booted) {
      this.bootedAt = performance.now();
      this.events.ready(message);
      this.mailbox.open();
    }
  }

  private send(message: SupervisorMessage): void {
    // it may be dying at this moment; its exit tells the rest
    if (this.fork.connected) this.fork.send(message, () => {});
  }

  /** Once it has ended its id may be another's. */
  private destroy(): void {
    if (this.fork.exitCode !== null || this.fork.signalCode !== null) return;
    killGroup(this.pid);
    this.fork.kill('SIGKILL');
  }

  private end(reason: string, uncaught?: LastWords): void {
    this.fork.removeAllListeners();
    // before its tasks are given to others: what they have started must not go on beside their repetition
    killGroup(this.pid);
    // a broadcast may have ended the process: then no task is to blame for it
    this.killed ||= this.mailbox.busy;
    this.mailbox.close(reason);
    this.events.ended(this.bootError ?? reason, uncaught);
  }
}
