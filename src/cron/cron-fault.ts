import { Cron } from 'croner';
import { FIELDS, type Field, toPart } from './cron-fields.js';

/** A part of an expression, and what is wrong with it. */
interface Fault {
  readonly what: string;
  /** where the part begins, and how long it is */
  readonly from: number;
  readonly length: number;
}

const ALLOWED: Readonly<Record<Field, string>> = {
  second: '0-59',
  minute: '0-59',
  hour: '0-23',
  day: '1-31, L, LW or 15W',
  month: '1-12 or JAN-DEC',
  weekday: '0-7 or SUN-SAT, 5#2 or 5L',
};

/**
 * Says which part of an expression is wrong, and shows it: the expression in a line of its own, and carets below.
 *
 * @returns the reason, a line break and the two lines; undefined when each part for itself is right
 *
 * @example
 * expressionFault('0 25 * * *'); // 25 is no hour (0-23), and below it the expression with carets
 */
export function expressionFault(expression: string): string | undefined {
  const fault = find(expression.replace(/\s/g, ' '));
  return fault && shown(expression, fault);
}

/** Shows the day and the month of an expression that is right and never comes due. */
export function dateFault(expression: string): string {
  const parts = [...expression.matchAll(/\S+/g)];
  const day = parts.at(-3)?.index ?? 0;
  const month = parts.at(-2);
  const end = month ? month.index + month[0].length : expression.length;
  return shown(expression, { what: 'no month has such a day', from: day, length: end - day });
}

function shown(expression: string, { what, from, length }: Fault): string {
  return `${what}.\n\n  ${expression.replace(/\s/g, ' ')}\n  ${' '.repeat(from)}${'^'.repeat(Math.max(length, 1))}`;
}

function find(expression: string): Fault | undefined {
  const parts = [...expression.matchAll(/\S+/g)].map((match) => ({ text: match[0], from: match.index }));
  const [first] = parts;
  if (!first) return { what: 'it is empty', from: 0, length: 1 };
  if (first.text.startsWith('@'))
    return { what: `${first.text} is no alias`, from: first.from, length: first.text.length };
  if (parts.length > 6) {
    const [seventh = first] = parts.slice(6);
    return {
      what: `it has ${parts.length} fields instead of 5 or 6`,
      from: seventh.from,
      length: expression.trimEnd().length - seventh.from,
    };
  }
  if (parts.length < 5) {
    const fields = parts.length === 1 ? '1 field' : `${parts.length} fields`;
    return { what: `it has ${fields} instead of 5 or 6`, from: expression.trimEnd().length + 1, length: 1 };
  }
  const fields = FIELDS.slice(-parts.length);
  for (const [index, { text, from }] of parts.entries()) {
    const fault = fieldFault(fields[index] ?? 'second', text);
    if (fault) return { ...fault, from: from + fault.from };
  }
  return undefined;
}

/** The first entry of the list in a field that is wrong. */
function fieldFault(field: Field, text: string): Fault | undefined {
  if (isRight(field, text)) return undefined;
  let from = 0;
  for (const entry of text.split(',')) {
    const what = `${entry === '' ? 'nothing' : entry} is no ${field} (${ALLOWED[field]})`;
    if (!isRight(field, entry)) return { what, from, length: entry.length };
    from += entry.length + 1;
  }
  return { what: `${text} is no ${field} (${ALLOWED[field]})`, from: 0, length: text.length };
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
