import { type Call, type Route, read } from '../../http/route.js';
import { type Span, spanIn } from '../../http/span.js';
import { readHistory } from './history.js';
import type { History } from './wire.js';

const MINUTE_MS = 60_000;

/** A minute is over once in a minute, a point of a week once in an hour. */
const KEPT_MS: Readonly<Record<Span, number>> = { hour: MINUTE_MS / 4, day: 2 * MINUTE_MS, week: 10 * MINUTE_MS };

export const OVERVIEW_ROUTES: readonly Route[] = [
  read('history', ({ query, live, inspector }: Call): Promise<History> => {
    const span = spanIn(query);
    return live.shared.read(['history', span], () => readHistory(inspector, span), KEPT_MS[span]);
  }),
];
