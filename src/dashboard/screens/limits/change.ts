import { NestworkError } from '../../../errors.js';
import type { LimitChange, LimitScope, LimitSetOptions } from '../../../inspector/limits/limit-options.js';
import type { Duration } from '../../../values/duration.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import { optionalTextIn } from '../../http/input.js';
import { Refused, wireOf } from '../../http/refused.js';
import type { Call } from '../../http/route.js';

/** What a person writes for any number. */
const ANY = 'any';

/** The fields of the form, as the page calls them. */
const FIELDS: Readonly<Record<string, string>> = {
  concurrency: 'At once',
  rate: 'Starts',
  burst: 'Burst',
  for: 'How long',
  key: 'Key',
};

/** The part of a limit that a body is about. @throws Refused */
export function scopeIn(body: Call['body'], keyed: boolean): LimitScope {
  const key = optionalTextIn(body, 'key');
  const allKeys = optionalTextIn(body, 'scope') === 'all';
  if (keyed && key === undefined && !allKeys) throw wrong('Write a key, or choose all keys.');
  if (!keyed && (key !== undefined || allKeys)) throw wrong('The limit has no keys: leave the key out.');
  return { ...(key !== undefined && { key }), ...(allKeys && { allKeys }) };
}

/** What somebody wants to set: empty fields are as declared. @throws Refused */
export function changeIn(body: Call['body']): Omit<LimitChange, keyof LimitScope> & Pick<LimitSetOptions, 'for'> {
  const [concurrency, rate, burst, time] = ['concurrency', 'rate', 'burst', 'for'].map((name) =>
    optionalTextIn(body, name)?.trim(),
  );
  if (concurrency === undefined && rate === undefined) throw wrong('Write how many at once, how many starts, or both.');
  if (burst !== undefined && (rate === undefined || rate === ANY)) throw wrong('A burst needs a number of starts.');
  // the inspector refuses what is none of these
  return withoutGaps({
    concurrency: concurrency === ANY ? null : numberOf(concurrency),
    rate: rate === ANY ? null : (rate as LimitChange['rate']),
    burst: numberOf(burst),
    for: time as Duration | undefined,
  });
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : (text as unknown as number);
}

/** An option is a field here, and the remedy stands beside what is wrong: a question shows one text. */
export async function inWords<T>(does: Promise<T>): Promise<T> {
  try {
    return await does;
  } catch (error) {
    throw worded(error);
  }
}

function worded(error: unknown): unknown {
  if (!(error instanceof NestworkError) || !/^INVALID_(OPTION|DURATION)$/.test(error.code)) return error;
  const { code, message, remedy } = wireOf(error);
  const [, option = '', fault] = /^(?:The option `)?(\w+)`? (.*)$/.exec(message) ?? [];
  const field = FIELDS[option];
  return field === undefined ? error : wrong(`“${field}” ${fault} ${remedy[0] ?? ''}`, code);
}

function wrong(message: string, code = 'INVALID_INPUT'): Refused {
  return new Refused(400, code, message);
}
