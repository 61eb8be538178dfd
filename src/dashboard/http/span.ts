import { Refused } from './refused.js';

/** How far a chart looks back. */
export type Span = 'hour' | 'day' | 'week';

const HOUR_MS = 3_600_000;

/** Lengths, in ms. */
export const SPAN_MS: Readonly<Record<Span, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };

/**
 * The span that a `read` asks for; an hour by default.
 *
 * @throws Refused INVALID_INPUT
 */
export function spanIn(query: URLSearchParams): Span {
  const span = query.get('span') || 'hour';
  if (span === 'hour' || span === 'day' || span === 'week') return span;
  throw new Refused(400, 'INVALID_INPUT', `"span" is "${span}", and none of hour, day and week.`);
}
