import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { clipLine } from './frame.js';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
/** before the text: behind a line as long as the screen it would take its last character */
const CLEAR_LINE = '\u001b[2K';
const CLEAR_BELOW = '\r\n\u001b[J';
/** Synchronized output: a terminal that knows it shows what lies between at once, others ignore it. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
/** A terminal that reports no size. */
const UNKNOWN = { columns: 80, rows: 24 };
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The calls of a screen. */
export interface ScreenListener {
  /** the name of a key: `q`, `up`, `pagedown` */
  readonly key?: (name: string) => void;
  /** The terminal has another size: draw again. */
  readonly resized: () => void;
}

interface Terminal {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
}

/**
 * The alternate screen of a terminal, without cursor and line wrapping. Keys are read one by one if stdin is a terminal.
 *
 * It gives the terminal back on `close()`, on q and Ctrl-C, on a signal, and however else the process exits: most people do not
 * know how to repair a shell without cursor and echo.
 */
export class Screen {
  private readonly stop = new AbortController();
  private isOpen = true;
  private readonly hasKeys: boolean;

  /** @param terminal whose stdout is one */
  constructor(
    private readonly listener: ScreenListener,
    private readonly terminal: Terminal = process,
  ) {
    const { stdin, stdout } = terminal;
    this.hasKeys = stdin.isTTY === true;
    process.once('exit', this.close);
    for (const signal of SIGNALS) process.once(signal, this.end);
    stdout.on('resize', listener.resized);
    stdout.write(ENTER);
    if (!this.hasKeys) return;
    emitKeypressEvents(stdin);
    stdin.setRawMode(true);
    stdin.on('keypress', this.typed);
    stdin.resume();
  }

  /** Aborted by q, Ctrl-C and signals. */
  get signal(): AbortSignal {
    return this.stop.signal;
  }

  get columns(): number {
    return this.terminal.stdout.columns || UNKNOWN.columns;
  }

  get rows(): number {
    return this.terminal.stdout.rows || UNKNOWN.rows;
  }

  /** Draws the whole screen at once, so that it does not flicker. Lines beyond its height are left out. */
  draw(lines: readonly string[]): void {
    if (!this.isOpen) return;
    const { columns, rows } = this;
    const shown = lines.slice(0, rows).map((line) => `${CLEAR_LINE}${clipLine(line, columns)}`);
    // the last line has no line break: it would scroll
    this.terminal.stdout.write(`${BEGIN}${HOME}${shown.join('\r\n')}${shown.length < rows ? CLEAR_BELOW : ''}${END}`);
  }

  /** Idempotent. */
  readonly close = (): void => {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { stdin, stdout } = this.terminal;
    process.off('exit', this.close);
    for (const signal of SIGNALS) process.off(signal, this.end);
    stdout.off('resize', this.listener.resized);
    stdout.write(LEAVE);
    if (!this.hasKeys) return;
    stdin.off('keypress', this.typed);
    stdin.setRawMode(false);
    stdin.pause();
  };

  /** At once: a second signal ends the process without asking. */
  private readonly end = (): void => {
    this.close();
    this.stop.abort();
  };

  private readonly typed = (_: string | undefined, key: { name?: string; ctrl?: boolean; shift?: boolean }): void => {
    const { name = '', ctrl } = key;
    if (ctrl) {
      if (name === 'c') this.end();
    } else if (name === 'q') this.end();
    else this.listener.key?.(name);
  };
}
