import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { assertText } from './queues/queue-pauses.js';

/**
 * Which crons to list.
 *
 * @example
 * const tenants: CronListOptions = { prefix: 'tenant-', count: 100 };
 */
export interface CronListOptions {
  /**
   * Those whose names come after this one: the last of the page before.
   * @default the first
   */
  after?: string | undefined;
  /**
   * Those whose names begin so.
   * @default all
   */
  prefix?: string;
  /**
   * How many at most, 1 to 1,000.
   * @default 1000
   */
  count?: number;
  /**
   * Only those that were set at run time, or only those that workers declare.
   * @default both
   */
  set?: boolean;
}

export const MOST_LISTED = 1_000;

/** @throws NestworkError INVALID_OPTION */
export function listed(options: CronListOptions): CronListOptions & { readonly count: number } {
  assertKnownOptions(options, ['after', 'prefix', 'count', 'set'], 'crons.list()');
  const { after, prefix, count = MOST_LISTED, set } = options;
  assertWhole('count', count, MOST_LISTED);
  if (after !== undefined && after !== '') assertText('after', after, 'Give the name of a cron.');
  if (prefix !== undefined && prefix !== '') assertText('prefix', prefix, 'Give the beginning of a name.');
  if (set !== undefined && typeof set !== 'boolean') {
    throw new NestworkError('INVALID_OPTION', `The option \`set\` of crons.list() is ${shown(set)}.`, [
      'Give true for crons that were set at run time, false for those that workers declare, or leave it out for both.',
    ]);
  }
  return { ...options, count };
}
