import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

const LOG_KEPT = 16_384;

/**
 * A server has no option "die with your parent", and a parent that is SIGKILLed cannot clean up. So each server has a
 * watchdog. It reads from a pipe whose other end only the parent holds: the pid of a process that is about to start, or an
 * empty line when it has ended. At the end of file the parent is done with it or gone. A server may have processes of its
 * own: the watchdog can delete its files only when those have noticed its end, too.
 */
const WATCHDOG = `
  while read -r line; do pid=$line; done
  if [ -n "$pid" ] && [ "$1" != KILL ]; then
    kill -"$1" "$pid" && kill -CONT "$pid"
    for wait in 0 0.1 0.2 0.5 1; do
      sleep "$wait"
      kill -0 "$pid" || { pid=; break; }
    done
  fi
  [ -z "$pid" ] || kill -KILL "$pid"
  for wait in 0 0.1 0.2 0.5 1 2 5; do
    sleep "$wait"
    rm -rf "$0" 2>/dev/null && break
  done
`;

/** The program starts after the watchdog has its pid, and not at all when the parent died before. */
const PROGRAM = 'read -r _ && exec "$@" </dev/null';

/** Ends the process that this process leaves behind, and deletes the directory. */
export class Watchdog {
  private readonly process: ChildProcessByStdio<Writable, null, null>;
  private readonly ended: Promise<void>;

  /** @param signal the first that it sends; it kills a process that does not end */
  constructor(directory: string, signal: NodeJS.Signals) {
    const args = ['-c', WATCHDOG, directory, signal.replace('SIG', '')];
    // a group of its own, here and for the server: a Ctrl-C is for the app, which may need the server to shut down
    this.process = spawn('sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.process.stdin.on('error', () => {}); // it was killed
    this.ended = new Promise((resolve) => this.process.once('close', () => resolve()));
    this.process.unref();
    unref(this.process.stdin);
  }

  /** @param pid undefined when the process has ended */
  guard(pid: number | undefined): void {
    this.process.stdin.write(`${pid ?? ''}\n`);
  }

  async end(): Promise<void> {
    this.process.ref();
    this.process.stdin.end();
    await this.ended;
  }
}

/** The user that a process runs as. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

/** The directory and the user of a process; by default those of this process. */
export interface Surroundings {
  readonly cwd?: string | undefined;
  readonly user?: ProcessUser | undefined;
}

/** A program that a watchdog ends when this process does not. */
export class GuardedProcess {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly ended: Promise<string>;
  private output = '';

  constructor(command: readonly string[], watchdog: Watchdog, { cwd, user }: Surroundings) {
    // named, because a test runner may give each test a `process.env` of its own, which is not the default here
    const { env } = process;
    this.child = spawn('sh', ['-c', PROGRAM, 'sh', ...command], { ...user, cwd, env, detached: true });
    this.child.stdin.on('error', () => {}); // it could not even start
    watchdog.guard(this.child.pid);
    this.child.stdin.end('\n');
    this.child.once('exit', () => watchdog.guard(undefined));
    // `close` and not `exit`: only then the whole log is in, and the processes that it started are gone, too
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
    });
    this.ended.catch(() => {});
    for (const pipe of this.pipes) pipe.setEncoding('utf8').on('data', this.read);
  }

  get pid(): number {
    return this.child.pid as number; // it has one, since it started
  }

  /** The end of its output until `forget()`. */
  get log(): string {
    return this.output;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /**
   * Resolves when neither the process nor one that it started is left.
   *
   * @returns the signal that ended it, or `code 0`
   * @throws Error when it could not be run
   */
  async end(): Promise<string> {
    this.child.ref();
    for (const pipe of this.pipes) (pipe as Socket).ref();
    return this.ended;
  }

  /** Calls back with its log, whenever that grows. */
  onLog(listener: (log: string) => void): () => void {
    const grown = (): void => listener(this.output);
    for (const pipe of this.pipes) pipe.on('data', grown);
    return () => {
      for (const pipe of this.pipes) pipe.off('data', grown);
    };
  }

  /** From now on it does not keep this process alive, and this process throws its output away. */
  forget(): void {
    this.child.unref();
    // without a reader a full pipe would block the process
    for (const pipe of this.pipes) pipe.off('data', this.read).resume();
    unref(...this.pipes);
  }

  private get pipes(): Readable[] {
    return [this.child.stdout, this.child.stderr];
  }

  private readonly read = (text: string): void => {
    this.output = (this.output + text).slice(-LOG_KEPT);
  };
}

function unref(...pipes: (Readable | Writable)[]): void {
  for (const pipe of pipes as Socket[]) pipe.unref();
}
