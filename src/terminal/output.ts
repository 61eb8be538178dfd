import colors from 'picocolors';
import { printableLines } from '../values/printable.js';
import { type Column, drawTable, exact } from './table.js';

/** Where a command writes. */
export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const MOST_OF_A_RECORD = 100_000;
/** Lines of talk that wait for the end of a screen. */
const MOST_HELD = 100;

/**
 * Writes data on stdout and talk on stderr: tables with colours on a terminal, lines with tabs in a pipe, JSON lines with
 * `--json`.
 */
export class Output {
  readonly paint: ReturnType<typeof colors.createColors>;
  private held: string[] | undefined;

  constructor(
    readonly isJson: boolean,
    private readonly streams: OutputStreams = process,
    color: boolean = colors.isColorSupported,
  ) {
    this.paint = colors.createColors(color && this.isTerminal);
  }

  /** Whether a person looks at the data. */
  get isTerminal(): boolean {
    return this.streams.stdout.isTTY === true && !this.isJson;
  }

  get width(): number {
    return this.streams.stdout.columns ?? 80;
  }

  /**
   * Writes rows: each a JSON line, a line with tabs, or a row of a table.
   *
   * @param empty what it says when there are none: `No task is dead.`
   */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): void {
    if (this.isJson) for (const row of rows) this.json(row);
    else if (this.isTerminal) {
      if (rows.length > 0) this.line(drawTable(rows, columns, this));
    } else {
      this.line(columns.map(({ title }) => title).join('\t'));
      for (const row of rows) this.line(columns.map((column) => exact(column, row)).join('\t'));
    }
    if (rows.length === 0) this.say(empty);
  }

  /** Writes one thing: a JSON line, or the text that a person reads. What it quotes cannot steer the terminal. */
  record(value: unknown, text: () => string): void {
    if (this.isJson) this.json(value);
    else this.line(printableLines(text(), MOST_OF_A_RECORD));
  }

  json(value: unknown): void {
    // arguments of tasks may hold some
    this.line(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)));
  }

  line(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  /** Talk, which no program reads. */
  say(text: string): void {
    if (!this.held) this.streams.stderr.write(`${text}\n`);
    else if (this.held.length < MOST_HELD) this.held.push(text);
  }

  /** Keeps talk back while a screen is drawn, which it would tear. The returned function writes it. */
  holdTalk(): () => void {
    this.held = [];
    return () => {
      const held = this.held ?? [];
      this.held = undefined;
      for (const text of held) this.say(text);
    };
  }

  /** Whether a person follows the talk. */
  get talksToTerminal(): boolean {
    return this.streams.stderr.isTTY === true;
  }

  /** Replaces the last line of talk on a terminal; an empty text removes it. Elsewhere it does nothing. */
  overwrite(text: string): void {
    if (this.talksToTerminal) this.streams.stderr.write(`\r\u001b[2K${text}`);
  }
}
