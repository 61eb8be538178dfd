import { problemsOf } from './error-problems.js';
import { inspected } from './inspected.js';
import { cut } from './printable.js';
import { isError, own, read, readList, readText } from './thrown.js';

/** Characters of the text of one error. */
export const MAX_ERROR_TEXT = 2_000;
/** Characters of what one error among others says. */
const MAX_NESTED = 400;
/** Errors in one text, its causes and those of `errors`, so that it stays readable. */
const MAX_ERRORS = 12;
/** Errors of one `errors`. */
const MAX_LISTED = 5;
/** Where the remedies of our own errors begin. */
const REMEDIES = /\n\nPotential solutions:\n/;
/** The errors that are in the text so far. */
interface Shown {
  readonly seen: Set<unknown>;
  left: number;
}

/**
 * The text that people read of any value that was thrown: name, code and message of an error, those of its
 * `errors`, and its causes. Of what is no error, only name, message and codes; never the `request` or the `config` of it,
 * which hold secrets. Of bounded length; each error is shown once; never throws.
 *
 * @param most characters
 * @returns one line, unless the message of an error has several
 * @example
 * errorText(error); // TypeError: fetch failed (caused by Error: connect ECONNREFUSED 127.0.0.1:443)
 */
export function errorText(error: unknown, most = MAX_ERROR_TEXT): string {
  try {
    const soFar: Shown = { seen: new Set([error]), left: MAX_ERRORS };
    const head = isErrorLike(error) ? said(error, soFar, most) : `thrown: ${inspected(error)}`;
    const causes = cut(causesOf(error, head, soFar), Math.floor(most / 2));
    const [first, ...rest] = linesOf(cut(head, most - causes.length - 1));
    return [`${first}${causes}`, ...rest].join('\n');
  } catch {
    // no memory or no stack left, most likely
    return `thrown: ${typeof error}`;
  }
}

/** The next cause; also one that is no error. */
export function causeOf(error: unknown): unknown {
  return read(error, 'cause') ?? undefined;
}

/** Some libraries throw what only looks like an error. */
function isErrorLike(value: unknown): value is object {
  if (isError(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  return typeof own(value, 'stack') === 'string' && typeof own(value, 'message') === 'string';
}

/** Our own errors have remedies below their first line: their causes belong to that. Others end with theirs. */
function linesOf(head: string): string[] {
  return REMEDIES.test(head) ? head.split('\n') : [head];
}

/** Name, code and message of one error, and of its `errors`. */
function said(error: object, soFar: Shown, most: number): string {
  const name = shownName(error);
  const message = cut(problemsOf(error) ?? text(read(error, 'message')), most);
  const label = `${name}${shownCode(error, `${name}: ${message}`)}`;
  const listed = soFar.left > 0 ? errorsOf(error, soFar) : '';
  if (message === '') return listed === '' ? label : `${label}: ${listed}`;
  return `${label}: ${message}${listed === '' ? '' : ` (errors: ${listed})`}`;
}

/** Each in the brackets of the one before it; what `head`, the text before them, has already is not repeated. */
function causesOf(error: unknown, head: string, soFar: Shown): string {
  const cause = causeOf(error);
  if (cause === undefined || soFar.left === 0 || soFar.seen.has(cause)) return '';
  soFar.seen.add(cause);
  const text = nested(cause, soFar);
  const further = causesOf(cause, head, soFar);
  return head.includes(withoutClass(text)) ? further : ` (caused by ${text}${further})`;
}

function errorsOf(error: object, soFar: Shown): string {
  const errors = readList(error, 'errors', MAX_LISTED);
  if (!errors) return '';
  const shown: string[] = [];
  for (const each of errors.first) {
    if (soFar.seen.has(each) || soFar.left === 0) continue;
    soFar.seen.add(each);
    const text = withoutClass(nested(each, soFar));
    shown.push(text + causesOf(each, text, soFar));
  }
  const hidden = errors.all - errors.first.length;
  return [...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('; ');
}

/** An error within the text of another one, without its causes, on one line. */
function nested(error: unknown, soFar: Shown): string {
  soFar.left = Math.max(0, soFar.left - 1);
  const text = isErrorLike(error) ? said(error, soFar, MAX_NESTED) : inspected(error);
  const [withoutRemedies = ''] = text.split(REMEDIES);
  return cut(withoutRemedies.replace(/\s*[\r\n]\s*/g, ' '), MAX_NESTED);
}

/** Most errors are no more than an Error, and that adds nothing. */
function withoutClass(text: string): string {
  return text.replace(/^Error: /, '');
}

function shownName(error: object): string {
  return cut(readText(error, 'name') || 'Error', 100);
}

/** The code, as Node shows it, unless the message does. */
function shownCode(error: object, line: string): string {
  const code = read(error, 'code');
  // that of a DOMException is a number of old, and not its own
  const counts = typeof code === 'string' ? code !== '' : typeof own(error, 'code') === 'number';
  const shown = counts ? cut(String(code), 100) : '';
  return shown === '' || line.includes(shown) ? '' : ` [${shown}]`;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : inspected(value);
}
