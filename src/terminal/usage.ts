import { NestworkError } from '../errors.js';
import { toMilliseconds } from '../values/duration.js';
import { shown } from '../values/shown.js';
import type { OptionSpec } from './command.js';

/** A command line that cannot be carried out as it is written. */
export function usageError(what: string, remedy: string | readonly string[]): NestworkError {
  return new NestworkError('INVALID_USAGE', what, remedy);
}

/** An option that is there or not. */
export function flag(summary: string): OptionSpec<boolean> {
  return { summary, read: () => true };
}

export function text(value: string, summary: string): OptionSpec<string> {
  return {
    value,
    summary,
    read: (given, option) => {
      if (given !== '') return given;
      throw usageError(`${option} is empty.`, 'Give a value, or leave the option out.');
    },
  };
}

/** A list, separated by commas; the option may also be given several times. */
export function list(value: string, summary: string): OptionSpec<readonly string[]> {
  return { value, summary, several: true, read: (given) => given.split(',').filter((part) => part !== '') };
}

export function whole(value: string, summary: string, least: number, most: number): OptionSpec<number> {
  return {
    value,
    summary,
    read: (given, option) => {
      const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
      if (number >= least && number <= most) return number;
      throw usageError(`${option} is ${shown(given)}.`, `Give a whole number from ${least} to ${most}.`);
    },
  };
}

/** A length of time, such as `90s` or `1h30m`. */
export function duration(value: string, summary: string): OptionSpec<`${number}ms`> {
  return { value, summary, read: (given, option) => `${toMilliseconds(given as never, option)}ms` };
}

/** A time: an ISO date, or so long ago by the clock of Redis. */
export function moment(value: string, summary: string): OptionSpec<Date | `${number}ms`> {
  return {
    value,
    summary,
    read: (given, option) => {
      const date = new Date(given);
      if (/^\d{4}-/.test(given) && !Number.isNaN(date.getTime())) return date;
      return `${toMilliseconds(given as never, option)}ms`;
    },
  };
}

export function oneOf<const Choice extends string>(
  value: string,
  summary: string,
  choices: readonly Choice[],
): OptionSpec<Choice> {
  return {
    value,
    summary,
    choices,
    read: (given, option) => {
      const choice = choices.find((one) => one === given);
      if (choice !== undefined) return choice;
      throw usageError(`${option} is ${shown(given)}.`, `Give one of: ${choices.join(', ')}.`);
    },
  };
}
