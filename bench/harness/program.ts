import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
/** How much of the output is kept for a report. */
const OUTPUT_KEPT = 20_000;

/** Settings of a program, as environment variables. */
export type Environment = Readonly<Record<string, string>>;

/** A process of a contestant. Its output is shown only when something goes wrong. */
export class Program {
  private output = '';
  private readonly closed: Promise<unknown>;

  private constructor(
    private readonly file: string,
    private readonly process: ChildProcess,
  ) {
    this.closed = once(process, 'close');
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-OUTPUT_KEPT);
      });
    }
  }

  /** Starts a program as from a shell. */
  static start(file: string, environment: Environment): Program {
    const env = { ...process.env, NO_COLOR: '1', ...environment };
    return new Program(file, spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Starts one that answers calls, see `answerCalls`. */
  static callable(file: string, environment: Environment): Program {
    const env = { ...process.env, NO_COLOR: '1', ...environment };
    return new Program(file, fork(file, [], { env, execArgv: [], silent: true }));
  }

  get pid(): number {
    return this.process.pid as number;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Calls a function in there, see `answerCalls`. One at a time. */
  async call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    this.process.send({ name, args });
    const reply = once(this.process, 'message') as Promise<[{ result?: unknown; error?: string }]>;
    const [{ result, error }] = await Promise.race([
      reply,
      this.closed.then(() => this.fail(`ended during ${name}()`)),
    ]);
    if (error !== undefined) this.fail(error);
    return result;
  }

  /** Throws, with the output. */
  fail(what: string): never {
    throw new Error(`${this.file}: ${what}\n${this.output}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** SIGTERM; resolves when it and all its children are gone. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const patience = new AbortController();
    const impatient = delay(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      this.signal('SIGKILL');
      return this.fail('does not end');
    });
    try {
      await Promise.race([this.closed, impatient]);
    } finally {
      patience.abort();
      impatient.catch(() => {});
    }
  }
}

/** The other side of `Program.call`: lets the bench call these functions in this process. */
export function answerCalls(functions: Readonly<Record<string, (...args: never[]) => unknown>>): void {
  process.on('message', ({ name, args }: { name: string; args: never[] }) => {
    const answer = async (): Promise<unknown> => functions[name]?.(...args);
    answer().then(
      (result) => process.send?.({ result }),
      (error: Error) => process.send?.({ error: error.stack ?? String(error) }),
    );
  });
  // the bench is gone
  process.on('disconnect', () => process.exit());
}

/** A variable that the harness sets for each program. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
