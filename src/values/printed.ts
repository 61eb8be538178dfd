import { NestworkError } from '../errors.js';
import { errorText } from './error-text.js';
import { printable, printableLines } from './printable.js';
import { readText } from './thrown.js';

/** More than the text of an error takes. */
const MOST = 2_100;

/**
 * Anything that was thrown, for a line of the log: our own errors with their remedies, on lines of
 * their own, and any other error on one line. Never throws.
 *
 * @example
 * logger.error(`Closing the app failed: ${printed(error)}`);
 */
export function printed(error: unknown): string {
  return printedText(errorText(error), error instanceof NestworkError);
}

/**
 * The same without the class of an error that says little: for what goes on a line that says by itself that something failed.
 *
 * @example
 * logger.warn(`Trying again: ${printedReason(error)}`);
 */
export function printedReason(error: unknown): string {
  if (error instanceof NestworkError) return printableLines(readText(error, 'message') ?? '', MOST);
  return printed(error).replace(/^(?:Error|thrown): /, '');
}

/**
 * What `printed` says, of the text of an error that was described before.
 *
 * @param ours whether it is the text of an error of ours, whose lines may stay
 * @example
 * logger.error(`Task ${id} is dead: ${printedText(error, code !== 'TASK_FAILED')}`);
 */
export function printedText(text: string, ours: boolean): string {
  return ours ? printableLines(text, MOST) : printable(text, MOST);
}
