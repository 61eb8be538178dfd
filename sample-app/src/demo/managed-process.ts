import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const STOP_WITHIN_MS = 10_000;
/** enough to see why it failed */
const KEPT_OUTPUT = 20_000;

/** A script of this app in a process of its own, which its owner must `stop` or `kill`. */
export class ManagedProcess {
  private readonly child: ChildProcess;
  private kept = '';
  private stopping = false;

  /** @param onEarlyEnd called when it ends, or cannot start, before it was asked to stop */
  constructor(
    readonly name: string,
    script: string,
    environment: NodeJS.ProcessEnv,
    onEarlyEnd: (error: Error) => void,
  ) {
    this.child = spawn(process.execPath, [fileURLToPath(new URL(`../${script}`, import.meta.url))], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.kept = (this.kept + text).slice(-KEPT_OUTPUT);
      });
    }
    this.child.once('error', onEarlyEnd);
    this.child.once('exit', (code, signal) => {
      if (!this.stopping) onEarlyEnd(new Error(`The ${name} ended by itself (${signal ?? `exit code ${code}`}).`));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The last that it wrote, to stdout and stderr. */
  get output(): string {
    return this.kept;
  }

  /** Waits until it has written something. */
  async outputMatching(pattern: RegExp, signal: AbortSignal): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.kept);
      if (match) return match[0];
      if (this.child.stdout) await once(this.child.stdout, 'data', { signal });
    }
  }

  /** Asks it to end with SIGTERM, and waits until it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit', { signal: AbortSignal.timeout(STOP_WITHIN_MS) });
    this.child.kill('SIGTERM');
    await exit.catch(() => this.kill());
  }

  /** Ends it at once, when there is no time to wait; the children of a worker end by themselves then. */
  kill(): void {
    this.stopping = true;
    this.child.kill('SIGKILL');
  }
}
