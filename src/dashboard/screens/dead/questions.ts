import { count } from '../../../terminal/figures.js';
import { type ActionQuestion, many, typedFor } from '../../http/question.js';

/** About all that match a filter. More may match than were counted: then the number that must be typed is that of those. */
export function questionOn(
  action: 'redrive' | 'delete',
  { matching, looked, left, denied }: Readonly<Record<'matching' | 'looked' | 'left' | 'denied', number>>,
): ActionQuestion {
  const isDelete = action === 'delete';
  const verb = isDelete ? 'Delete' : 'Redrive';
  const isWhole = left === 0;
  return {
    title: `${verb} ${isWhole ? '' : 'at least '}${many(matching, 'task')}?`,
    lines: [
      ...(isWhole ? [] : [`Looked at ${count(looked)} of ${count(looked + left)} so far: it acts on all that match.`]),
      ...(denied > 0 ? ['Tasks that you may not act on are passed over.'] : []),
      isDelete
        ? 'They are gone for ever, with their arguments and errors.'
        : 'They go to the tail of their queues, those that died first first. Repair the cause before that.',
      'Tasks that die meanwhile stay dead.',
    ],
    main: `${verb} ${count(matching)}${isWhole ? '' : ' or more'}`,
    grave: isDelete,
    typed: isDelete ? typedFor(matching, isWhole) : undefined,
  };
}
