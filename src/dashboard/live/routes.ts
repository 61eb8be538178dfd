import { type Route, read } from '../http/route.js';

/** What pages ask for again and again that have no stream. */
export const LIVE_ROUTES: readonly Route[] = [read('snapshot', ({ live }) => live.snapshot())];
