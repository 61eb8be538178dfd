import type { DeadFilter } from '../../../inspector/dead-filter.js';
import type { Duration } from '../../../values/duration.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import { textsOf } from '../../http/texts.js';
import type { Wanted } from '../tasks/task-match.js';
import type { DeadQuery } from './wire.js';

const NAMES = ['queue', 'task', 'code', 'error', 'group', 'since', 'until'] as const;
/** What the records of the inspector are not filtered by. */
const WANTED = ['id', 'q', 'text'] as const;
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
  return filterOf(textsOf(filter, [...NAMES, ...WANTED]));
}

/** What else must match: the rest of the filter of a body. @throws as `filterOfBody` */
export function wantedOfBody(filter: unknown): Wanted {
  return wantedOf(textsOf(filter, [...NAMES, ...WANTED]));
}

/** What else must match, of an address. */
export function wantedOfAddress(query: URLSearchParams): Wanted {
  return wantedOf(Object.fromEntries(WANTED.map((name) => [name, query.get(name) || undefined])));
}

function wantedOf({ id, q, text }: DeadQuery): Wanted {
  return withoutGaps({ id, any: q, text });
}

/** As the page sends it. */
export function queryOf({ queues, since, until, ...texts }: DeadFilter, { any: q, ...wanted }: Wanted = {}): DeadQuery {
  const [queue] = queues ?? [];
  return {
    ...texts,
    ...wanted,
    q,
    queue,
    since: (since as Date | undefined)?.toISOString(),
    until: (until as Date | undefined)?.toISOString(),
  };
}

function filterOf({ queue, since, until, id: _, q: __, text: ___, ...texts }: DeadQuery): DeadFilter {
  const times = { since: timeOf(since), until: timeOf(until) };
  return withoutGaps({ ...texts, ...times, queues: queue === undefined ? undefined : [queue] });
}

function timeOf(text: string | undefined): Date | Duration | undefined {
  return text !== undefined && DATE.test(text) ? new Date(text) : (text as Duration | undefined);
}
