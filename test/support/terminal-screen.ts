import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';
import { type CommandLineOptions, MAIN } from './command-line.js';

const PATIENCE_MS = 60_000;
const HOME = '\u001b[H';
/** Ends a frame, which may come in parts. */
const END = '\u001b[?2026l';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out
const ESCAPES = /\u001b\[[?\d;]*[A-Za-z]/g;

/** The cursor is shown, and the alternate screen left. */
export const LEFT = '\u001b[?25h\u001b[?1049l';

interface ScreenOptions extends CommandLineOptions {
  readonly columns?: number;
  readonly rows?: number;
}

/** `nestwork` on a terminal of its own, which the test types on, resizes, and reads frame by frame. */
export class TerminalScreen {
  output = '';
  /** code of `nestwork` */
  readonly ended: Promise<number>;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(line: string, { columns = 100, rows = 30, env = {}, cwd = tmpdir() }: ScreenOptions = {}) {
    const { NODE_OPTIONS: _, FORCE_COLOR: __, ...ours } = process.env;
    // the pid that the shell prints is that of nestwork, which takes its place
    const inner = `echo "<pid $$ $(tty)>"; exec '${process.execPath}' '${MAIN}' ${line}`;
    const command = [
      `stty cols ${columns} rows ${rows}`,
      'before=$(stty -g)',
      `sh -c '${inner.replaceAll("'", "'\\''")}'`,
      'code=$?',
      '[ "$before" = "$(stty -g)" ] && echo "<restored>"',
      'exit $code',
    ];
    this.process = spawn('script', ['-qec', command.join('; '), '/dev/null'], {
      cwd,
      env: { ...ours, TERM: 'xterm', ...env },
      stdio: 'pipe',
    });
    this.process.stdin.on('error', () => {}); // it may end before it reads
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.changes.emit('change');
    });
    this.ended = once(this.process, 'close').then(([code]) => {
      this.changes.emit('change');
      return code;
    });
  }

  /** The lines of the latest frame that is complete, without colours; none once the screen is left. */
  get frame(): string[] {
    if (this.output.includes(LEFT)) return [];
    const drawn = this.output.slice(0, Math.max(this.output.lastIndexOf(END), 0));
    const last = drawn.slice(drawn.lastIndexOf(HOME) + HOME.length);
    return last.replace(ESCAPES, '').split(/\r*\n/);
  }

  /** Resolves when a line of the latest frame matches. */
  async shows(pattern: RegExp): Promise<void> {
    await this.until(`a line like ${pattern}`, () => this.frame.some((line) => pattern.test(line)));
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    while (!isSo()) {
      if (this.process.exitCode !== null) throw new Error(`It ended before ${what}: ${JSON.stringify(this.output)}`);
      await once(this.changes, 'change', { signal: late }).catch(() => {
        throw new Error(`It did not show ${what}: ${JSON.stringify(this.output.slice(-3_000))}`);
      });
    }
  }

  type(keys: string): void {
    this.process.stdin.write(keys);
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(Number((await this.place())[0]), name);
  }

  async resize(columns: number, rows: number): Promise<void> {
    const [, tty = ''] = await this.place();
    execFileSync('stty', ['-F', tty, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** Ends it, if a test has not. */
  async close(): Promise<void> {
    if (this.process.exitCode === null) await this.signal('SIGKILL').catch(() => this.process.kill());
    await this.ended;
  }

  /** Its pid and its terminal. */
  private async place(): Promise<string[]> {
    const place = /<pid (\d+) (\S+)>/;
    await this.until('its pid', () => place.test(this.output));
    return place.exec(this.output)?.slice(1) ?? [];
  }
}
