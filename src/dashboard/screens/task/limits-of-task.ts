import { limitWords } from '../../../inspector/limits/limit-text.js';
import type { TaskExplanation } from '../../../inspector/tasks/task-explanation.js';
import { nameOfQueueLimit } from '../../../message/limit-tag.js';
import type { RedactedTask } from '../../arguments/redaction.js';
import type { Call } from '../../http/route.js';
import type { ArgumentsView, TaskView } from './wire.js';

interface Explained extends Pick<TaskExplanation, 'line' | 'sentences'> {
  readonly task: Partial<RedactedTask>;
}

/** The limits of a task that waits, and why it waits. Keys of limits are made of its arguments, and sentences have them in clear. */
export function limitsOf(
  { redaction }: Pick<Call, 'redaction'>,
  { task: { task = '', queue = '' }, line, sentences }: Explained,
  { is }: ArgumentsView,
): Pick<TaskView, 'limits' | 'sentences'> {
  const limits: TaskView['limits'][number][] = [];
  let shown = sentences;
  for (const limit of line?.limits ?? []) {
    const { key, name = limit.queue && nameOfQueueLimit(limit.queue) } = limit;
    const isSeen = key === undefined || (is !== 'denied' && !redaction.hidesKey(name ?? '', key, { task, queue }));
    const words = isSeen ? limitWords(limit) : limitWords({ ...limit, key: 'a hidden key' });
    if (!isSeen) shown = shown.map((sentence) => sentence.replace(limitWords(limit), () => words));
    // one that no app declares any more has no page
    if (name !== undefined) limits.push({ name, key: isSeen ? key : undefined, words });
  }
  return { limits, sentences: shown };
}
