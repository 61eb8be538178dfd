import { type Duration, toMilliseconds } from './duration.js';
import { invalid } from './option-values.js';
import { shown } from './shown.js';

/** A timer of Node cannot wait longer than 24.8 days, and nobody wants to wait for a day. */
const DAY_MS = 86_400_000;

/** How one option is checked, and what it is by default. */
export interface Rule<Given, Value, Unit extends string = ''> {
  /** What the option resolves to. Throws for a value that does not fit; `option` is the name of it in the error. */
  readonly read: (given: Given | undefined, option: string) => Value;
  /** stands behind its name once it is resolved: `Ms` */
  readonly unit: Unit;
}

/** A rule for each of the options of an interface. */
export type RulesOf<Options> = {
  readonly [Name in keyof Options]-?: Rule<Exclude<Options[Name], undefined>, unknown, string>;
};

/** What the options resolve to. */
export type Resolved<Rules extends Record<string, Rule<never, unknown, string>>> = {
  readonly [Name in keyof Rules & string as `${Name}${Rules[Name]['unit']}`]: ReturnType<Rules[Name]['read']>;
};

/**
 * Checks options and fills in the defaults.
 *
 * @param of stands before the names in errors, for options within an option: `children.`
 *
 * @example
 * const RULES = { children: whole(1, 1_024, 1), lease: time(1_000, '30s') };
 * resolveOptions(RULES, {}); // { children: 1, leaseMs: 30_000 }
 */
export function resolveOptions<Rules extends Record<string, Rule<never, unknown, string>>>(
  rules: Rules,
  given: object,
  of = '',
): Resolved<Rules> {
  const resolved = Object.entries(rules).map(([name, { read, unit }]) => {
    return [name + unit, read(Reflect.get(given, name) as never, of + name)];
  });
  return Object.fromEntries(resolved) as Resolved<Rules>;
}

export function rule<Given, Value>(read: Rule<Given, Value>['read']): Rule<Given, Value> {
  return { read, unit: '' };
}

/** A whole number. */
export function whole<Default extends number | undefined = undefined>(
  least: number,
  most: number,
  byDefault?: Default,
): Rule<number, number | Default> {
  return rule((given, option) => {
    if (given === undefined) return byDefault as Default;
    if (Number.isInteger(given) && given >= least && given <= most) return given;
    throw invalid(option, `is ${shown(given)}`, `Give a whole number from ${least} to ${most}.`);
  });
}

/**
 * A time to wait, in ms.
 *
 * @param leastMs the shortest that makes sense
 * @param mostMs the longest
 */
export function time<Default extends Duration | undefined = undefined>(
  leastMs: number,
  byDefault?: Default,
  mostMs = DAY_MS,
): Rule<Duration, number | (Default & undefined), 'Ms'> {
  return {
    unit: 'Ms',
    read: (given = byDefault, option) => {
      if (given === undefined) return undefined as Default & undefined;
      const milliseconds = toMilliseconds(given, option);
      if (milliseconds >= leastMs && milliseconds <= mostMs) return milliseconds;
      throw invalid(
        option,
        `is ${milliseconds} ms`,
        `Give a time from ${leastMs} ms to ${mostMs / DAY_MS}d, like '30s'.`,
      );
    },
  };
}
