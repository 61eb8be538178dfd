import type { Route } from './http/route.js';
import { LIVE_ROUTES } from './live/routes.js';

/** The addresses of all screens, below `api/`. */
export const ROUTES: readonly Route[] = [...LIVE_ROUTES];
