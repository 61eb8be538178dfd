import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const START = join(fileURLToPath(import.meta.url), '../start-app.js');
const live = new Set<AppProcess>();

/** A process that runs one exported function of an app, such as `worker`, as a file of its own would. */
export class AppProcess {
  private output = '';
  private readonly process: ChildProcessByStdio<null, Readable, Readable>;

  /**
   * @param file `import.meta.url` of the app, or the path of a CommonJS file
   * @param exported the name of the function
   */
  constructor(file: string, exported: string) {
    this.process = spawn(process.execPath, [START, file, exported], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    live.add(this);
  }

  /** The lines printed so far that contain the text. */
  lines(text: string): string[] {
    return this.output.split('\n').filter((line) => line.includes(text));
  }

  /** Resolves when it has printed that many lines with the text; rejects with all it printed when it ends before. */
  async printed(text: string, times = 1): Promise<void> {
    await until(`"${text}" was printed ${times} times`, () => {
      const enough = this.lines(text).length >= times;
      if (!enough && this.hasEnded()) throw new Error(`It ended without printing "${text}":\n${this.output}`);
      return enough;
    }).catch((error: unknown) => {
      throw new Error(`Printed instead:\n${this.output}`, { cause: error });
    });
  }

  /** Resolves to how it ended by itself. */
  async ended(): Promise<number | string | null> {
    await until('it ended', () => this.hasEnded());
    live.delete(this);
    return this.process.exitCode ?? this.process.signalCode;
  }

  /** Sends a signal and resolves to how the process ended: its exit code, or the signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    this.process.kill(signal);
    if (!this.hasEnded()) await once(this.process, 'close');
    live.delete(this);
    return this.process.exitCode ?? this.process.signalCode;
  }

  /** Ends the processes that a failed scenario left behind. */
  static async killAll(): Promise<void> {
    await Promise.all([...live].map((left) => left.stop('SIGKILL')));
  }

  private hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}
