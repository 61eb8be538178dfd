/** The fields of an expression, in order; the first one may be missing. */
export const FIELDS = ['second', 'minute', 'hour', 'day', 'month', 'weekday'] as const;

export type Field = (typeof FIELDS)[number];

interface Bounds {
  readonly low: number;
  /** the highest number, up to which a step without an end goes; 7 is Sunday again */
  readonly high: number;
  /** how many different values there are */
  readonly size: number;
  /** of the values from `low` */
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const BOUNDS: Readonly<Record<Field, Bounds>> = {
  second: { low: 0, high: 59, size: 60, names: [] },
  minute: { low: 0, high: 59, size: 60, names: [] },
  hour: { low: 0, high: 23, size: 24, names: [] },
  day: { low: 1, high: 31, size: 31, names: [] },
  month: { low: 1, high: 12, size: 12, names: MONTHS },
  weekday: { low: 0, high: 7, size: 7, names: WEEKDAYS },
};

const ALIASES = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
  ['@minutely', '* * * * *'],
  ['@secondly', '* * * * * *'],
  ['@weekdays', '0 0 * * 1-5'],
  ['@weekends', '0 0 * * 0,6'],
]);

/** An expression in the words of croner. */
export interface Pattern {
  readonly text: string;
  /** whether second, minute and hour have neither `*` nor a step */
  readonly fixed: boolean;
}

/**
 * Writes an expression so that croner takes it as `cron`, the package under `@nestjs/schedule`, does: a day field with
 * all its values is no restriction, `1/2` among weekdays goes up to 7, a step may be longer than its field. Anything
 * that is not in the language of `cron`, like `L` and `#`, is left for croner to read or to refuse.
 *
 * @example
 * toPattern('0 9 1-31 * 1/2'); // { text: '0 9 * * 1-7/2', fixed: true }
 */
export function toPattern(expression: string): Pattern {
  const parts = expanded(expression).match(/\S+/g) ?? [];
  const fields = FIELDS.slice(-parts.length);
  const known = parts.length === FIELDS.length || parts.length === FIELDS.length - 1;
  const text = known ? parts.map((part, index) => toPart(fields[index] ?? 'second', part)).join(' ') : expression;
  return { text, fixed: !/[*?/]/.test(parts.slice(0, -3).join(' ')) };
}

/** The fields that a word such as `@daily` stands for; any other expression as it is. */
export function expanded(expression: string): string {
  return ALIASES.get(expression.trim().toLowerCase()) ?? expression;
}

/** One field of an expression, in the words of croner. */
export function toPart(field: Field, text: string): string {
  // `+MON`: day and weekday
  if (field === 'weekday' && /^\+./.test(text)) {
    const rest = toPart(field, text.slice(1));
    return rest === '*' ? rest : `+${rest}`;
  }
  if (text === '*') return text;
  const entries = text.split(',').map((entry) => rangeOf(field, entry) ?? entry);
  if ((field === 'day' || field === 'weekday') && isFull(field, entries)) return '*';
  return entries.map((entry) => (typeof entry === 'string' ? entry : written(field, entry))).join(',');
}

/**
 * Two ranges in place of one that goes on at the beginning of its field, which other cron languages have.
 *
 * @returns undefined for any other entry
 * @example
 * unwrapped('hour', '22-2'); // '22-23,0-2'
 */
export function unwrapped(field: Field, entry: string): string | undefined {
  const { low, size, names } = BOUNDS[field];
  const [, from = '', to = ''] = /^(\d+|[a-z]+)-(\d+|[a-z]+)$/i.exec(entry) ?? [];
  const numberOf = (text: string): number =>
    /^\d/.test(text) ? Number(text) : low + names.indexOf(text.toLowerCase());
  const [first, last] = [numberOf(from), numberOf(to)];
  const high = low + size - 1;
  if (!(first > last && last >= low && first <= high)) return undefined;
  const shown = (value: number): string =>
    /^\d/.test(from) ? String(value) : (names[value - low] ?? '').toUpperCase();
  const range = (begin: number, end: number): string =>
    begin === end ? shown(begin) : `${shown(begin)}-${shown(end)}`;
  return `${range(first, high)},${range(low, last)}`;
}

interface Range {
  readonly lower: number;
  readonly upper: number;
  readonly step: number | undefined;
}

/** Undefined for an entry that `cron` does not know. */
function rangeOf(field: Field, entry: string): Range | undefined {
  const { low, high, names } = BOUNDS[field];
  const numbers = entry.replace(/(-?)([a-z]+)/gi, (all, dash: string, name: string) => {
    const index = names.indexOf(name.toLowerCase());
    if (index < 0) return all;
    // a range ends with Sunday as the 7th day
    return dash + (dash && field === 'weekday' && index === 0 ? high : low + index);
  });
  const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(numbers);
  if (!match) return undefined;
  const [, from, to, every] = match;
  const lower = Number(from ?? low);
  const upper = from === undefined || (to === undefined && every !== undefined) ? high : Number(to ?? lower);
  const step = every === undefined ? undefined : Number(every);
  return low <= lower && lower <= upper && upper <= high && step !== 0 ? { lower, upper, step } : undefined;
}

function isFull(field: Field, entries: readonly (Range | string)[]): boolean {
  const { size } = BOUNDS[field];
  const values = new Set<number>();
  for (const entry of entries) {
    if (typeof entry === 'string') return false;
    for (let value = entry.lower; value <= entry.upper; value += entry.step ?? 1) values.add(value % size);
  }
  return values.size === size;
}

function written(field: Field, { lower, upper, step }: Range): string {
  // croner refuses a step that is longer than its field; up to that length it takes the first value alone, too
  if (step !== undefined) return `${lower}-${upper}/${Math.min(step, BOUNDS[field].size)}`;
  return lower === upper ? String(lower) : `${lower}-${upper}`;
}
