import Table from 'cli-table3';
import colors from 'picocolors';
import { printable, printableLines } from '../values/printable.js';
import { ago, count } from './figures.js';

/** Where a command writes. */
export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export interface Column<Row> {
  readonly title: string;
  /** a cell: undefined is an empty one; people see counts in groups of three digits, and how far a time is away */
  readonly of: (row: Row) => string | number | Date | undefined;
  readonly align?: 'right';
  /** on a terminal */
  readonly paint?: (text: string, row: Row) => string;
  /** gives up room when the terminal is narrow */
  readonly shrinks?: true;
}

/** Between two columns. */
const GAP = 2;
const LEAST_WIDTH = 8;
const MOST_OF_A_RECORD = 100_000;
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

  /**
   * Writes rows: each a JSON line, a line with tabs, or a row of a table.
   *
   * @param empty what it says when there are none: `No task is dead.`
   */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): void {
    if (this.isJson) for (const row of rows) this.json(row);
    else if (this.isTerminal) {
      if (rows.length > 0) this.line(this.drawn(rows, columns));
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
    const now = Date.now();
    const texts = rows.map((row) => columns.map((column) => easy(column, row, now)));
    const wanted = columns.map(({ title }, at) =>
      texts.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), title.length),
    );
    const widths = shrunk(wanted, columns, this.width);
    const table = new Table({
      head: columns.map(({ title }) => this.paint.bold(title)),
      colWidths: widths.map((width) => width + GAP),
      colAligns: columns.map(({ align }) => align ?? ('left' as const)),
      chars: NO_BORDERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    });
    for (const [index, row] of rows.entries()) {
      table.push(
        columns.map((column, at) => {
          const text = clipped(texts[index]?.[at] ?? '', widths[at] ?? 0);
          return this.paint.isColorSupported && column.paint ? column.paint(text, row) : text;
        }),
      );
    }
    return table.toString().replace(/[^\S\n]+$/gm, '');
  }
}

/** The widths of the columns: those that may shrink share what the terminal lacks, the widest first. */
function shrunk(wanted: readonly number[], columns: readonly Column<never>[], room: number): number[] {
  const widths = [...wanted];
  // the last column needs no gap
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - room;
  for (; excess > 0; excess -= 1) {
    const shrinking = columns.flatMap(({ shrinks }, at) => (shrinks && (widths[at] ?? 0) > LEAST_WIDTH ? [at] : []));
    const [widest] = shrinking.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** A cell for a program. */
function exact<Row>({ of }: Column<Row>, row: Row): string {
  const value = of(row);
  if (value === undefined) return '';
  return value instanceof Date ? value.toISOString() : printable(String(value));
}

/** A cell for a person. */
function easy<Row>({ of }: Column<Row>, row: Row, now: number): string {
  const value = of(row);
  if (value === undefined) return '';
  if (typeof value === 'number') return count(value);
  if (typeof value === 'string') return printable(value);
  const away = value.getTime() - now;
  return away > 0 ? `in ${ago(away)}` : `${ago(-away)} ago`;
}

function clipped(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;
}
