import type { DeadFilter } from '../../../inspector/dead-filter.js';
import type { Duration } from '../../../values/duration.js';
import { invalid } from '../../../values/option-values.js';
import { shown } from '../../../values/shown.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import type { DeadQuery } from './wire.js';

const NAMES = ['queue', 'task', 'code', 'error', 'group', 'since', 'until'] as const;
const DATE = /^\d{4}-\d{2}-\d{2}T/;

/** The filter of an address: other names in it are no affair of the filter. */
export function filterOfAddress(query: URLSearchParams): DeadFilter {
  return filterOf(Object.fromEntries(NAMES.map((name) => [name, query.get(name) || undefined])));
}

/**
 * The filter of a body. One that is missing must not mean all tasks: `{}` does.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function filterOfBody(filter: unknown): DeadFilter {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw invalid('filter', `is ${shown(filter)}`, 'Give an object; {} for all dead tasks.');
  }
  const given = Object.entries(filter);
  for (const [name, value] of given) {
    if (!NAMES.some((known) => known === name))
      throw invalid(name, 'is no part of a filter', `There are: ${NAMES.join(', ')}.`);
    if (typeof value !== 'string' || value === '')
      throw invalid(name, `is ${shown(value)}`, 'Give a text, or leave it out.');
  }
  return filterOf(filter as DeadQuery);
}

/** As the page sends it. */
export function queryOf({ queues, since, until, ...texts }: DeadFilter): DeadQuery {
  const [queue] = queues ?? [];
  return {
    ...texts,
    queue,
    since: (since as Date | undefined)?.toISOString(),
    until: (until as Date | undefined)?.toISOString(),
  };
}

function filterOf({ queue, since, until, ...texts }: DeadQuery): DeadFilter {
  const times = { since: timeOf(since), until: timeOf(until) };
  return withoutGaps({ ...texts, ...times, queues: queue === undefined ? undefined : [queue] });
}

function timeOf(text: string | undefined): Date | Duration | undefined {
  return text !== undefined && DATE.test(text) ? new Date(text) : (text as Duration | undefined);
}
