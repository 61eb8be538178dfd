import { Cron } from 'croner';
import { FIELDS, type Field, toPart, unwrapped } from './cron-fields.js';

const ALLOWED: Readonly<Record<Field, string>> = {
  second: '0-59',
  minute: '0-59',
  hour: '0-23',
  day: '1-31, L, LW or 15W',
  month: '1-12 or JAN-DEC',
  weekday: '0-7 or SUN-SAT, 5#2 or 5L',
};

/**
 * Names the part of an expression that is wrong. The messages of croner do not give the range of a field.
 *
 * @returns undefined when each part for itself is right
 *
 * @example
 * expressionFault('0 25 * * *'); // '25 is no hour (0-23)'
 */
export function expressionFault(expression: string): string | undefined {
  const parts = expression.match(/\S+/g) ?? [];
  const [first] = parts;
  if (first === undefined) return 'it is empty';
  if (first.startsWith('@')) return `${first} is no alias`;
  const fields = FIELDS.slice(-parts.length);
  if (fields.length !== parts.length || parts.length < 5) {
    return `it has ${parts.length === 1 ? '1 field' : `${parts.length} fields`} instead of 5 or 6`;
  }
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? '';
    if (isRight(field, part)) continue;
    const entry = part.split(',').find((each) => !isRight(field, each)) ?? part;
    const ranges = unwrapped(field, entry);
    const instead = ranges === undefined ? '' : `: write ${ranges}`;
    return `${entry === '' ? 'nothing' : entry} is no ${field} (${ALLOWED[field]})${instead}`;
  }
  return undefined;
}

/** Whether croner takes it in an expression in which all else is right. */
function isRight(field: Field, text: string): boolean {
  // croner takes a colon for the sign of a date
  if (text === '' || text.includes(':')) return false;
  const fields = FIELDS.map((name) => (name === field ? toPart(field, text) : '*'));
  try {
    new Cron(fields.join(' '), { paused: true, mode: '6-part', sloppyRanges: true });
    return true;
  } catch {
    return false;
  }
}
