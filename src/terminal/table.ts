import Table from 'cli-table3';
import type { Colors } from 'picocolors/types.js';
import { count } from '../values/counted.js';
import { printable } from '../values/printable.js';
import { ago } from './figures.js';
import { wrapped } from './frame.js';

/** A length of time: people see it in words, programs as whole milliseconds. */
export interface TimeSpan {
  readonly ms: number;
}

/** @param ms below 0 if two clocks differ; that is none */
export function timeSpan(ms: number): TimeSpan {
  return { ms: Math.max(Math.round(ms), 0) };
}

export interface Column<Row> {
  readonly title: string;
  /** a cell: undefined is an empty one; people see counts in groups of three digits, how far a time is away, and `-` for no time */
  readonly of: (row: Row) => string | number | Date | TimeSpan | undefined;
  readonly align?: 'right';
  /** on a terminal */
  readonly paint?: (text: string, row: Row) => string;
  /** gives up room when the terminal is narrow, down to so many characters; `true` is 8 */
  readonly shrinks?: true | number;
  /** has up to so many lines where a text is longer than its column, broken between words; of use with `shrinks` */
  readonly lines?: number;
  /** left out when the terminal is too narrow for all columns, the highest number first */
  readonly dispensable?: number;
}

/** The surface that a table is drawn for. */
export interface Surface {
  /** in characters */
  readonly width: number;
  readonly paint: Colors;
}

/** Between two columns. */
const GAP = 2;
const LEAST_WIDTH = 8;
const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((part) => [part, '']),
);

/** A table for a person, with the titles of its columns. Its lines fit the width if the columns that cannot shrink do. */
export function drawTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, paint }: Surface,
): string {
  const now = Date.now();
  const all = columns.map((column): Drawn<Row> => {
    const texts = rows.map((row) => easy(column, row, now));
    return { column, texts, wanted: texts.reduce((most, text) => Math.max(most, text.length), column.title.length) };
  });
  const kept = fitting(all, width);
  const widths = shrunk(kept, width);
  const table = new Table({
    head: kept.map(({ column }, at) => paint.bold(clipped(column.title, widths[at] ?? 0))),
    colWidths: widths.map((each) => each + GAP),
    colAligns: kept.map(({ column }) => column.align ?? ('left' as const)),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
  });
  for (const [index, row] of rows.entries()) {
    table.push(
      kept.map(({ column, texts }, at) => {
        const lines = fitted(texts[index] ?? '', widths[at] ?? 0, column.lines);
        const { paint: painted } = column;
        return (paint.isColorSupported && painted ? lines.map((line) => painted(line, row)) : lines).join('\n');
      }),
    );
  }
  return table.toString().replace(/[^\S\n]+$/gm, '');
}

/** A column with its cells, and the width of the longest. */
interface Drawn<Row> {
  readonly column: Column<Row>;
  readonly texts: readonly string[];
  readonly wanted: number;
}

/** Leaves columns out until the others have room, shrunk as far as they may be. */
function fitting<Row>(all: readonly Drawn<Row>[], room: number): Drawn<Row>[] {
  const kept = [...all];
  while (kept.reduce((sum, drawn) => sum + leastOf(drawn) + GAP, -GAP) > room) {
    const most = Math.max(...kept.map(({ column }) => column.dispensable ?? 0));
    if (most <= 0) break;
    kept.splice(
      kept.findIndex(({ column }) => column.dispensable === most),
      1,
    );
  }
  return kept;
}

function leastOf<Row>({ column: { shrinks }, wanted }: Drawn<Row>): number {
  return shrinks ? Math.min(wanted, shrinks === true ? LEAST_WIDTH : shrinks) : wanted;
}

/** The widths of the columns: those that may shrink share what the terminal lacks, the widest first. */
function shrunk<Row>(drawn: readonly Drawn<Row>[], room: number): number[] {
  const widths = drawn.map(({ wanted }) => wanted);
  // the last column needs no gap
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - room;
  for (; excess > 0; excess -= 1) {
    const shrinking = drawn.flatMap((each, at) => ((widths[at] ?? 0) > leastOf(each) ? [at] : []));
    const [widest] = shrinking.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** A cell for a program. */
export function exact<Row>({ of }: Column<Row>, row: Row): string {
  const value = of(row);
  if (value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return printable(String(typeof value === 'object' ? value.ms : value));
}

/** A cell for a person. */
function easy<Row>({ of }: Column<Row>, row: Row, now: number): string {
  const value = of(row);
  if (value === undefined) return '';
  if (typeof value === 'number') return count(value);
  if (typeof value === 'string') return printable(value);
  if (!(value instanceof Date)) return value.ms === 0 ? '-' : ago(value.ms);
  const away = value.getTime() - now;
  return away > 0 ? `in ${ago(away)}` : `${ago(-away)} ago`;
}

/** A text in so many lines of so many columns, with `…` where it goes on. */
function fitted(text: string, width: number, most = 1): string[] {
  if (most === 1 || text.length <= width) return [clipped(text, width)];
  const all = wrapped(text, width);
  if (all.length <= most) return all;
  return [...all.slice(0, most - 1), clipped(all.slice(most - 1).join(' '), width)];
}

/** A text in so many columns, with `…` where it goes on. */
export function clipped(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;
}
