import type { Route } from './http/route.js';

/** The addresses of all screens, below `api/`. */
export const ROUTES: readonly Route[] = [];
