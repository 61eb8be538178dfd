import { ACTIONS, type ActionListOptions } from '../../../inspector/actions/action-log.js';
import { optionalTextIn, optionalWholeIn } from '../../http/input.js';
import { type Call, type Route, read } from '../../http/route.js';
import type { ActionsPage } from './wire.js';

/** As many as are kept. */
const MOST = 1_000;
const USUAL = 50;

async function list({ inspector, live, query }: Call): Promise<ActionsPage> {
  const limit = optionalWholeIn(query, 'limit', { least: 1, most: MOST }) ?? USUAL;
  // the inspector refuses one that there is not
  const action = optionalTextIn(query, 'action') as ActionListOptions['action'];
  const by = optionalTextIn(query, 'by');
  const options = { limit: Math.min(limit + 1, MOST), ...(action && { action }), ...(by !== undefined && { by }) };
  const found = await live.shared.read(`actions ${JSON.stringify(options)}`, () => inspector.actions.list(options));
  // what JSON makes of their dates
  const actions = found.slice(0, limit) as unknown as ActionsPage['actions'];
  return { actions, more: found.length > limit, kinds: ACTIONS };
}

export const ACTION_ROUTES: readonly Route[] = [read('actions', list)];
