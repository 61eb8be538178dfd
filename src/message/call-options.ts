import { undecodable } from '../payload/payload-errors.js';
import { areHeaders, type TaskHeaders } from './headers.js';
import { type ArgumentRefs, areRefs } from './task-refs.js';

/** What one call sets for itself, as it travels in its message: plain data, times in ms. */
export interface CallOptions {
  readonly softTimeout?: number;
  readonly hardTimeout?: number;
  readonly retries?: number;
  readonly backoff?: number | { readonly type: 'fixed' | 'exponential'; readonly delay: number };
  readonly maxBackoff?: number;
  readonly retryOnSoftTimeout?: boolean;
  /** how long after it came into its queue it may start */
  readonly expires?: number;
  /** the cron whose run this is */
  readonly cron?: string;
  /** the instant for which the cron was fired, in ms since 1970 */
  readonly due?: number;
  /** what travels beside the arguments */
  readonly headers?: TaskHeaders;
  /** the arguments that are results of other tasks of a flow */
  readonly refs?: ArgumentRefs;
}

const isTime = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value);

const CHECKS: Readonly<Record<keyof CallOptions, (value: unknown) => boolean>> = {
  softTimeout: isTime,
  hardTimeout: isTime,
  retries: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  backoff: (value) => isTime(value) || isBackoff(value),
  maxBackoff: isTime,
  retryOnSoftTimeout: (value) => typeof value === 'boolean',
  expires: isTime,
  cron: (value) => typeof value === 'string',
  due: isTime,
  headers: areHeaders,
  refs: areRefs,
};

/**
 * The options of a call back from what `JSON.parse` made of them. Unknown ones are left to newer workers.
 *
 * @param owner whose they are, for errors
 * @throws NestworkError UNDECODABLE_MESSAGE: a timeout that is no number must not end as none at all
 */
export function decodeCallOptions(value: unknown, owner: string): CallOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw undecodable(`The options of ${owner} are not an object.`);
  }
  const given = new Map<string, unknown>(Object.entries(value));
  for (const [name, isValid] of Object.entries(CHECKS)) {
    if (given.has(name) && !isValid(given.get(name))) throw undecodable(`The option ${name} of ${owner} is invalid.`);
  }
  return value;
}

function isBackoff(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type, delay } = value as { type?: unknown; delay?: unknown };
  return (type === 'fixed' || type === 'exponential') && isTime(delay);
}
