import type { TaskDetails } from '../../../inspector/tasks/task-details.js';
import type { ArgumentRefs } from '../../../message/task-refs.js';
import { instant } from '../../../terminal/figures.js';
import { count, counted } from '../../../values/counted.js';
import { timeLength } from '../../../values/time-length.js';
import type { TaskView } from './wire.js';

/** Options whose values are lengths of time, in ms. */
const TIMES = ['softTimeout', 'hardTimeout', 'maxBackoff', 'expires', 'backoff'];

/** What a call was sent with beside its arguments, in words. */
export function optionsOf({ headers = {}, options = {}, unique, crashes }: TaskDetails): TaskView['options'] {
  const { refs, ...others } = options;
  return [
    ...(refs ? [['results', resultsText(refs as ArgumentRefs)] as const] : []),
    ...Object.entries(others).map(([name, value]) => [name, wordsOf(name, value)] as const),
    ...(unique ? [['unique', `until ${unique}`] as const] : []),
    ...(crashes > 0 ? [['crashes', `${count(crashes)} while it ran alone`] as const] : []),
    ...Object.entries(headers).map(([name, value]) => [`header ${name}`, String(value)] as const),
  ];
}

/** Which arguments are results of other tasks of a flow. */
function resultsText({ args }: ArgumentRefs): string {
  const takes = args.map(({ at, ids }) => {
    const tasks = ids.reduce((sum, [, run]) => sum + run, 0);
    return `argument ${at + 1} takes ${tasks === 1 ? 'that' : 'those'} of ${counted(tasks, 'task')}`;
  });
  return takes.join(', ');
}

function wordsOf(name: string, value: unknown): string {
  if (typeof value === 'number' && name === 'due') return instant(new Date(value));
  if (typeof value === 'number') return TIMES.includes(name) ? timeLength(value) : count(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
