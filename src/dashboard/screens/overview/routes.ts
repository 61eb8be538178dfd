import { invalid } from '../../../values/option-values.js';
import { shown } from '../../../values/shown.js';
import { type Call, type Route, read } from '../../http/route.js';
import { readHistory, SPANS } from './history.js';
import type { History, Span } from './wire.js';

const MINUTE_MS = 60_000;

/** A minute is over once in a minute, a point of a week once in an hour. */
const KEPT_MS: Readonly<Record<Span, number>> = { hour: MINUTE_MS / 4, day: 2 * MINUTE_MS, week: 10 * MINUTE_MS };

export const OVERVIEW_ROUTES: readonly Route[] = [
  read('history', ({ query, live, inspector }: Call): Promise<History> => {
    const wanted = query.get('span') ?? 'hour';
    const span = SPANS.find((each) => each === wanted);
    if (!span) throw invalid('span', `is ${shown(wanted)}`, `Give one of ${SPANS.join(', ')}.`);
    return live.shared.read(`history ${span}`, () => readHistory(inspector, span), KEPT_MS[span]);
  }),
];
