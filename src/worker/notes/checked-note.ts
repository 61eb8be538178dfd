import { NestworkError } from '../../errors.js';
import { printable } from '../../values/printable.js';
import { shown } from '../../values/shown.js';

/** Characters of a line of the log, and of the text beside a progress; the rest is cut off. */
const MOST_OF_A_LINE = 1_000;
const MOST_OF_A_MESSAGE = 200;
/** Sums of fractions miss 1 by so little. */
const ROUNDING = 1e-9;

/** @throws NestworkError INVALID_NOTE */
export function checkedValue(value: unknown): number {
  if (typeof value === 'number' && value >= -ROUNDING && value <= 1 + ROUNDING) return Math.min(Math.max(value, 0), 1);
  throw new NestworkError('INVALID_NOTE', `context.progress() was called with ${shown(value)}.`, [
    'Give a number from 0 to 1: divide a percentage by 100.',
    'Of 0 of 0 it is NaN: call it only where there is something to do.',
  ]);
}

/** @throws NestworkError INVALID_NOTE */
export function checkedMessage(message: unknown): string {
  return message === undefined ? '' : checkedText(message, 'progress', MOST_OF_A_MESSAGE);
}

/** @throws NestworkError INVALID_NOTE */
export function checkedLine(message: unknown): string {
  return checkedText(message, 'log', MOST_OF_A_LINE);
}

function checkedText(text: unknown, method: string, most: number): string {
  if (typeof text === 'string') return printable(text, most);
  throw new NestworkError('INVALID_NOTE', `The text of context.${method}() is ${shown(text)}.`, [
    'Give a string: of an object JSON.stringify(object), of an error String(error).',
  ]);
}
