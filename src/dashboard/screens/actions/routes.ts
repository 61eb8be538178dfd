import { ACTIONS, type ActionListOptions, type ActionRecord } from '../../../inspector/actions/action-log.js';
import { queueOfLimit } from '../../../message/limit-tag.js';
import { isTaskId } from '../../../message/task-id.js';
import { once } from '../../../values/once.js';
import { LimitKeys } from '../../arguments/limit-keys.js';
import { optionalTextIn, optionalWholeIn } from '../../http/input.js';
import { type Call, type Route, read } from '../../http/route.js';
import type { Target } from '../../live/snapshot.js';
import type { ActionLine, ActionsPage } from './wire.js';

/** As many as are kept. */
const MOST = 1_000;
const USUAL = 50;
const OF_LIMITS: readonly ActionRecord['action'][] = ['set-limit', 'reset-limit'];

async function list({ inspector, live, query, rights, redaction }: Call): Promise<ActionsPage> {
  const limit = optionalWholeIn(query, 'limit', { least: 1, most: MOST }) ?? USUAL;
  // the inspector refuses one that there is not
  const action = optionalTextIn(query, 'action') as ActionListOptions['action'];
  const by = optionalTextIn(query, 'by');
  const options = { limit: Math.min(limit + 1, MOST), ...(action && { action }), ...(by !== undefined && { by }) };
  const found = await live.shared.read(['actions', options], () => inspector.actions.list(options));
  const keys = new LimitKeys(rights, redaction);
  const queues = once(async () => new Set((await live.snapshot()).queues.map(({ queue }) => queue)));
  const actions = await Promise.all(
    found.slice(0, limit).map(async (action) => ({
      ...action,
      at: action.at.toISOString(),
      ...(OF_LIMITS.includes(action.action)
        ? await limitShown(action.subject, keys, queues)
        : { to: targetOf(action) }),
    })),
  );
  return { actions, more: found.length > limit, kinds: ACTIONS };
}

/** The name of a limit, and its key as far as this person may see it. That of a queue is two words, and has no key. */
async function limitShown(
  subject: string,
  keys: LimitKeys,
  queues: () => Promise<ReadonlySet<string>>,
): Promise<Pick<ActionLine, 'subject' | 'to'>> {
  const [name = ''] = subject.split(' ');
  const key = subject.slice(name.length + 1);
  const queue = queueOfLimit(subject);
  // a limit with keys may be named `queue`
  const isOfQueue = queue !== undefined && (await queues()).has(queue);
  if (isOfQueue || key === '') return { subject, to: ['limits', subject] };
  if (await keys.hides(name, key)) return { subject: `${name}, a hidden key`, to: ['limits', name] };
  return { subject, to: ['limits', name, { key }] };
}

function targetOf({ action, subject }: ActionRecord): Target | undefined {
  const [first = '', second] = subject.split(' ');
  switch (action) {
    case 'run-cron':
    case 'pause-cron':
    case 'resume-cron':
      return ['cron', subject];
    case 'quiet':
    case 'stop':
    case 'recycle':
      return ['workers', first];
    case 'pause':
    case 'resume':
    case 'purge':
      return ['queue', first];
    case 'cancel-batch':
    case 'cancel-flow':
      return ['groups', subject];
    case 'send':
      return second === undefined ? undefined : ['task', second];
    default:
      // of a bulk action it is a filter
      return isTaskId(subject) ? ['task', subject] : undefined;
  }
}

export const ACTION_ROUTES: readonly Route[] = [read('actions', list)];
