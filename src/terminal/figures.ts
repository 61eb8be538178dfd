import { MB } from '../values/byte-size.js';
import { count } from '../values/counted.js';

/** Whole megabytes. */
export function megabytes(bytes: number): number {
  return Math.round(bytes / MB);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A length of time in its two largest units: `4m 12s`; `870ms` below a second. */
export function ago(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  let rest = Math.round(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0 || parts.length > 0) parts.push(`${whole}${unit}`);
  }
  return parts
    .slice(0, 2)
    .filter((part) => !part.startsWith('0'))
    .join(' ');
}

/** `2026-11-29 03:12:07Z`, in UTC. */
export function instant(date: Date): string {
  return date.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** A number of which only the size matters: `1,240`, `3.5`, `<0.1`. */
export function rate(number: number): string {
  if (number >= 10) return count(Math.round(number));
  if (number > 0 && number < 0.1) return '<0.1';
  return String(Math.round(number * 10) / 10);
}

/** A part of 1 as `12 %`, `0.3 %` or `<0.1 %`. */
export function percent(part: number): string {
  return `${rate(part * 100)} %`;
}

/** The sums of so many groups of values, one behind the other. */
export function grouped(values: readonly number[], groups: number): number[] {
  const size = Math.max(Math.ceil(values.length / groups), 1);
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, at) =>
    values.slice(at * size, (at + 1) * size).reduce((sum, value) => sum + value, 0),
  );
}

const BLOCKS = '▁▂▃▄▅▆▇█';

/** A line of blocks, the tallest for the largest value. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  const block = (value: number): string =>
    // a little is more than nothing
    BLOCKS[most === 0 ? 0 : Math.ceil((value / most) * (BLOCKS.length - 1))] ?? '▁';
  return values.map(block).join('');
}

/** A bar of so many columns, filled to a part of 1. */
export function bar(part: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
