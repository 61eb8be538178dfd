import { count } from '../../../terminal/figures.js';
import { type ActionQuestion, many, typedFor } from '../../http/question.js';

/** What was counted for a question. */
export interface DeadCounts {
  readonly matching: number;
  readonly looked: number;
  readonly left: number;
  /** of how many of them the person's right was asked */
  readonly asked: number;
  /** those of them that the person may not act on */
  readonly denied: number;
}

/** About all that match a filter. More may match than were counted: then the number that must be typed is that of those. */
export function questionOn(action: 'redrive' | 'delete', counts: DeadCounts): ActionQuestion {
  const { matching, looked, left, asked, denied } = counts;
  const isDelete = action === 'delete';
  const verb = isDelete ? 'Delete' : 'Redrive';
  const isWhole = left === 0;
  const seen = isWhole ? `all ${count(looked)}` : `${count(looked)} of ${count(looked + left)}`;
  if (matching === 0) {
    const narrow = isWhole ? [] : ['Narrow the filter by queue or time, so that fewer are looked at.'];
    return { title: `No dead task matches${isWhole ? '' : ' so far'}.`, lines: [`Looked at ${seen}.`, ...narrow] };
  }
  const isExact = isWhole && asked === matching;
  const tasks = isExact ? matching - denied : matching;
  if (tasks === 0) {
    const lines = [`The right "${action}" is missing for ${matching === 1 ? 'it' : 'each of them'}.`];
    return {
      title: `You may not ${action} the ${many(matching, 'task')} that ${matching === 1 ? 'matches' : 'match'}.`,
      lines,
    };
  }
  return {
    title: `${verb} ${isWhole ? '' : 'at least '}${many(tasks, 'task')}?`,
    lines: [
      ...(isWhole ? [] : [`Looked at ${seen} so far: it acts on all that match.`]),
      ...passedOver(counts, isExact),
      isDelete
        ? 'They are gone for ever, with their arguments and errors.'
        : 'They go to the tail of their queues, the oldest first. Repair the cause before that.',
      'Tasks that die meanwhile stay dead.',
    ],
    main: `${verb} ${count(tasks)}${isWhole ? '' : ' or more'}`,
    grave: isDelete,
    typed: isDelete ? typedFor(tasks, isWhole) : undefined,
  };
}

/** The right is asked of a sample: to ask it of all could take long. */
function passedOver({ asked, denied }: DeadCounts, isExact: boolean): string[] {
  if (isExact) return denied > 0 ? [`Passed over: ${many(denied, 'task')} that you may not act on.`] : [];
  if (asked === 0) return [];
  return [`Some may be passed over: of ${count(asked)} that were checked, you may act on ${count(asked - denied)}.`];
}
