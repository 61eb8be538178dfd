import { FIELDS, type Field } from './cron-fields.js';
import { spreadOver } from './spread.js';

/** The values among which `H` takes one. A month may have no 29th, and 7 is Sunday again. */
const RANGES: Readonly<Record<Field, readonly [low: number, high: number]>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 28],
  month: [1, 12],
  weekday: [0, 6],
};
const HASHED = /^H(?:\((\d+)-(\d+)\))?(?:\/(\d+))?$/i;

/**
 * Replaces each `H` of an expression by a number that hangs on the name of the cron, as Jenkins does: `H` is one value of the field,
 * `H(0-29)` one of these, `H/15` every 15 of them from a hashed one on. Entries that are none of these stay as they are.
 *
 * @example
 * withHashes('H H(0-5) * * *', 'DigestTasks.digest'); // '37 2 * * *'
 */
export function withHashes(expression: string, name: string): string {
  if (!/h/i.test(expression)) return expression;
  const parts = expression.match(/\S+/g) ?? [];
  const fields = FIELDS.slice(-parts.length);
  if (fields.length !== parts.length) return expression;
  return parts.map((part, at) => replaced(part, fields[at] ?? 'second', name)).join(' ');
}

function replaced(part: string, field: Field, name: string): string {
  return part
    .split(',')
    .map((entry) => hashed(entry, field, name) ?? entry)
    .join(',');
}

function hashed(entry: string, field: Field, name: string): string | undefined {
  const match = HASHED.exec(entry);
  if (match === null) return undefined;
  const [least, most] = RANGES[field];
  const [low, high, step] = [match[1] ?? least, match[2] ?? most, match[3]].map(Number) as [number, number, number];
  if (low < least || high > most || low > high || step === 0) return undefined;
  if (match[3] === undefined) return String(low + spreadOver(`${name} ${field}`, high - low + 1));
  const start = low + spreadOver(`${name} ${field}`, Math.min(step, high - low + 1));
  return `${start}-${high}/${step}`;
}
