import type { LimitScope } from '../../../inspector/limits/limit-options.js';
import { textIn } from '../../http/input.js';
import { type Act, act, type Call, type Route, read, type Subject } from '../../http/route.js';
import { changeIn, inWords, scopeIn } from './change.js';
import { LIMIT_QUESTIONS, subjectOf } from './questions.js';
import { limitOf, readKey, readKeys, readLimit, readLimits } from './read-limits.js';

export const LIMIT_ROUTES: readonly Route[] = [
  ...LIMIT_QUESTIONS,
  read('limits', readLimits),
  read('limit', readLimit),
  read('limit/keys', readKeys),
  read('limit/key', readKey),
  onOne('limits/set', async ({ inspector, body, by }, name, scope) => {
    const { for: time, ...change } = changeIn(body);
    const set = inspector.limits.set(name, { ...scope, ...change }, { by, ...(time !== undefined && { for: time }) });
    return { limit: name, until: (await inWords(set)).until };
  }),
  onOne(
    'limits/reset',
    async ({ inspector, by }, name, scope) => ({
      limit: name,
      reset: (await inWords(inspector.limits.reset(name, { ...scope, by }))) !== undefined,
    }),
    (answer) => (answer as { readonly reset: boolean }).reset,
  ),
];

/** For an action on the limit of the body, or on one of its keys. */
function onOne(
  path: string,
  run: (call: Call, name: string, scope: LimitScope) => Promise<unknown>,
  hasDone?: Act['hasDone'],
): Route {
  return act(path, {
    action: 'set-limit',
    subject: async (call): Promise<Subject> => {
      const limit = await limitOf(call, textIn(call.body, 'limit'));
      return subjectOf(limit, scopeIn(call.body, limit.keyed).key);
    },
    run: async (call, { limit = '' }) => run(call, limit, scopeIn(call.body, (await limitOf(call, limit)).keyed)),
    ...(hasDone && { hasDone }),
  });
}
