import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS } from './settings.js';

const WORKERS = new URL('../../../build/chaos/fixtures/', import.meta.url).pathname;
/** How much of its output is kept for a report. */
const OUTPUT_KEPT = 200_000;

/** A real worker: a supervisor, which forks real children. */
export class WorkerProcess {
  output = '';
  private readonly process: ChildProcess;
  private readonly closed: Promise<unknown>;

  /**
   * @param environment with `WORKER_FILE`, if it is not that of most scenarios
   * @param directory where a core file would go
   */
  constructor(environment: Readonly<Record<string, string>>, directory: string) {
    this.process = spawn(process.execPath, [`${WORKERS}${environment.WORKER_FILE ?? 'worker.js'}`], {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.closed = once(this.process, 'close');
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-OUTPUT_KEPT);
      });
    }
  }

  get pid(): number {
    return this.process.pid as number;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Its exit code, or the signal that ended it, once it and all its children are gone. */
  async ended(): Promise<number | string> {
    const patience = new AbortController();
    const impatient = delay(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`Waited in vain until worker ${this.pid} had ended.\n${this.output.slice(-3_000)}`);
    });
    try {
      await Promise.race([this.closed, impatient]);
    } finally {
      patience.abort();
      impatient.catch(() => {});
    }
    return this.process.exitCode ?? this.process.signalCode ?? '';
  }

  /** How many lines of its output contain the text. */
  said(text: string): number {
    return this.output.split('\n').filter((line) => line.includes(text)).length;
  }
}

/** Whether a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether a process is one of our workers or of their children, and not another that got the pid of one. */
export function isWorker(pid: number): boolean {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(WORKERS);
  } catch {
    return false;
  }
}

/** Processes that a process has forked and that are still there. */
export function childrenOf(pid: number): number[] {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return listed.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Sends a signal to a process that may be gone. */
export function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
