import Table from 'cli-table3';
import colors from 'picocolors';
import { printable } from '../values/printable.js';

/** Where a command writes. */
export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export interface Column<Row> {
  readonly title: string;
  /** the text of a cell; undefined is an empty one */
  readonly of: (row: Row) => string | number | undefined;
  readonly align?: 'right';
  /** on a terminal */
  readonly paint?: (text: string, row: Row) => string;
  /** gives up room first when the terminal is narrow */
  readonly shrinks?: true;
}

/** Between two columns. */
const GAP = 2;
const LEAST_WIDTH = 8;
const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((part) => [part, '']),
);

/**
 * Writes data on stdout and talk on stderr: tables with colours on a terminal, lines with tabs in a pipe, JSON lines with
 * `--json`.
 */
export class Output {
  readonly paint: ReturnType<typeof colors.createColors>;

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

  /** Writes rows: each a JSON line, a line with tabs, or a row of a table. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    if (this.isJson) for (const row of rows) this.json(row);
    else if (this.isTerminal) this.line(this.drawn(rows, columns));
    else {
      this.line(columns.map(({ title }) => title).join('\t'));
      for (const row of rows) this.line(columns.map((column) => cell(column, row)).join('\t'));
    }
  }

  /** Writes one thing: a JSON line, or the text that a person reads. */
  record(value: unknown, text: () => string): void {
    if (this.isJson) this.json(value);
    else this.line(text());
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  line(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  /** Talk, which no program reads. */
  say(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** Whether a person follows the talk. */
  get talksToTerminal(): boolean {
    return this.streams.stderr.isTTY === true;
  }

  /** Replaces the last line of talk on a terminal; an empty text removes it. Elsewhere it does nothing. */
  overwrite(text: string): void {
    if (this.talksToTerminal) this.streams.stderr.write(`\r\u001b[2K${text}`);
  }

  private drawn<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
    const texts = rows.map((row) => columns.map((column) => cell(column, row)));
    const widths = columns.map(({ title }, at) => Math.max(title.length, ...texts.map((row) => row[at]?.length ?? 0)));
    const excess = widths.reduce((sum, width) => sum + width + GAP, 0) - this.width;
    const shrinking = columns.findIndex(({ shrinks }) => shrinks);
    if (excess > 0 && shrinking >= 0) {
      widths[shrinking] = Math.max((widths[shrinking] ?? 0) - excess, LEAST_WIDTH);
    }
    const table = new Table({
      head: columns.map(({ title }) => this.paint.bold(title)),
      colWidths: widths.map((width) => width + GAP),
      colAligns: columns.map(({ align }) => align ?? ('left' as const)),
      chars: NO_BORDERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    });
    for (const row of rows) {
      table.push(
        columns.map((column, at) => {
          const text = clipped(cell(column, row), widths[at] ?? 0);
          return this.paint.isColorSupported && column.paint ? column.paint(text, row) : text;
        }),
      );
    }
    return table.toString().replace(/[^\S\n]+$/gm, '');
  }
}

function cell<Row>({ of }: Column<Row>, row: Row): string {
  const value = of(row);
  return value === undefined ? '' : printable(String(value));
}

function clipped(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;
}
