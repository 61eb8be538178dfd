import { NestworkError } from '../errors.js';
import { toMilliseconds } from '../values/duration.js';
import { shown } from '../values/shown.js';
import type { Completes, OptionSpec } from './command.js';

/** A command line that cannot be carried out as it is written. */
export function usageError(what: string, remedy: string | readonly string[]): NestworkError {
  return new NestworkError('INVALID_USAGE', what, remedy);
}

function empty(option: string): NestworkError {
  return usageError(`${option} is empty.`, 'Give a value, or leave the option out.');
}

/** An option that is there or not. */
export function flag(summary: string): OptionSpec<boolean> {
  return { summary, read: () => true };
}

export function text(value: string, summary: string, completes?: Completes): OptionSpec<string> {
  return {
    value,
    summary,
    ...(completes && { completes }),
    read: (given, option) => {
      if (given !== '') return given;
      throw empty(option);
    },
  };
}

/** A list, separated by commas; the option may also be given several times. */
export function list(value: string, summary: string, completes?: Completes): OptionSpec<readonly string[]> {
  return {
    value,
    summary,
    ...(completes && { completes }),
    several: true,
    read: (given, option) => {
      const parts = given.split(',').filter((part) => part !== '');
      if (parts.length > 0) return parts;
      throw empty(option);
    },
  };
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

/** A day, alone or with a time and its zone. JavaScript takes other texts as local time, and 31 February as 3 March. */
const ISO = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

const ISO_EXAMPLE = 'Give an ISO date such as 2026-02-28 (midnight, UTC) or 2026-02-28T14:30:00Z.';

/** A time to come: an ISO date. */
export function date(value: string, summary: string): OptionSpec<Date> {
  return {
    value,
    summary,
    read: (given, option) => {
      const time = isoDate(given);
      if (time) return time;
      throw usageError(`${option} is ${shown(given)}, which is no date.`, [ISO_EXAMPLE, 'Or --delay with a time.']);
    },
  };
}

/** A time: an ISO date, or so long ago by the clock of Redis. */
export function moment(value: string, summary: string): OptionSpec<Date | `${number}ms`> {
  return {
    value,
    summary,
    read: (given, option) => {
      const time = isoDate(given) ?? timeAgo(given, option);
      if (time !== undefined) return time;
      throw usageError(`${option} is ${shown(given)}, which is no time.`, [ISO_EXAMPLE, 'Or a time ago such as 2h.']);
    },
  };
}

function isoDate(given: string): Date | undefined {
  const [, day] = ISO.exec(given) ?? [];
  const date = new Date(given);
  const isReal = day !== undefined && !Number.isNaN(date.getTime()) && new Date(day).toISOString().startsWith(day);
  return isReal ? date : undefined;
}

function timeAgo(given: string, option: string): `${number}ms` | undefined {
  try {
    return `${toMilliseconds(given as never, option)}ms`;
  } catch {
    return undefined;
  }
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
