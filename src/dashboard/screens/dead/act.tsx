import { get } from '../../page/api.js';
import { ask, type BulkWish, counted, n } from '../../page/parts/index.js';
import { Spans } from '../tasks/spans.js';
import type { DeadPreviewView, DeadQuery } from './wire.js';

type Action = 'redrive' | 'delete';

const WORDS = {
  redrive: { verb: 'Redrive', past: 'Redriven', path: 'dead/redrive-many' },
  delete: { verb: 'Delete', past: 'Deleted', path: 'dead/delete-many' },
} as const;

/** From so many on the number must be typed. */
const MANY = 100;

/** Shows what an action on all that match would be about, and asks. @returns undefined when the person does not want it */
export async function wishOf(action: Action, query: DeadQuery): Promise<BulkWish | undefined> {
  const { verb, past, path } = WORDS[action];
  const preview = await get<DeadPreviewView>('dead/preview', { ...query, action });
  const { matching, looked, left, sample, filter, denied } = preview;
  const isWhole = left === 0;
  const many = `${isWhole ? '' : 'at least '}${counted(matching, 'task')}`;
  const isMany = matching >= MANY || !isWhole;
  const fields = await ask({
    title: `${verb} ${many}?`,
    body: (
      <ul class="sample">
        {sample.map(({ id, task, args }) => (
          <li key={id} class="cut">
            <code>{id}</code> {task ?? '–'} {args && <Spans line={args} />}
          </li>
        ))}
        {matching > sample.length && <li class="dim">and {n(matching - sample.length)} more</li>}
      </ul>
    ),
    lines: [
      ...(isWhole ? [] : [`Looked at ${n(looked)} of ${n(looked + left)} so far: it acts on all that match.`]),
      ...(denied > 0 ? ['Tasks that you may not act on are passed over.'] : []),
      action === 'redrive'
        ? 'They go to the tail of their queues, those that died first first. Repair the cause before that.'
        : 'They are gone for ever, with their arguments and errors.',
      'Tasks that die meanwhile stay dead.',
    ],
    main: `${verb} ${n(matching)}${isWhole ? '' : ' or more'}`,
    grave: action === 'delete',
    typed: action === 'delete' && isMany ? String(matching) : undefined,
  });
  if (!fields) return undefined;
  const total = isWhole ? matching : undefined;
  return { past, path, body: { filter, total }, total };
}
