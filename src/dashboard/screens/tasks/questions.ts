import { counted } from '../../../values/counted.js';
import { optionalWholeIn } from '../../http/input.js';
import { type ActionQuestion, question, typedFor } from '../../http/question.js';
import type { Call, Route } from '../../http/route.js';
import { taskOf } from '../task/read-task.js';

type Words = Pick<ActionQuestion, 'lines'> & Partial<ActionQuestion>;

/** About the one task whose id the address has. */
function one(path: string, verb: string, words: (state: string) => Words): Route {
  return question(path, async (call) => {
    const { task } = await taskOf(call, call.query.get('id'));
    return { title: `${verb} ${task.task ?? task.id}?`, main: verb, ...words(task.state) };
  });
}

/** About as many as the address says: they are selected in a list. */
function selected(path: string, verb: string, words: Words): Route {
  return question(path, async (call) => {
    const tasks = countIn(call);
    const what = `${verb} ${counted(tasks, 'task')}`;
    return { title: `${what}?`, main: what, ...words, typed: verb === 'Delete' ? typedFor(tasks) : undefined };
  });
}

function countIn({ query }: Call): number {
  return optionalWholeIn(query, 'count', { least: 0, most: Number.MAX_SAFE_INTEGER }) ?? 0;
}

export const TASK_QUESTIONS: readonly Route[] = [
  one('task/move', 'Move', () => ({ lines: ['Its attempt stays. `expires` counts from the new time.'] })),
  one('task/cancel', 'Cancel', (state) => ({
    lines: [
      state === 'active'
        ? 'Its signal is aborted now. If it does not end, its process is killed.'
        : 'It is removed from where it waits.',
      'It never runs again.',
    ],
    // `Cancel` alone could mean the question
    main: 'Cancel the task',
    close: state === 'active' ? 'Let it run' : 'Keep it',
    grave: true,
  })),
  one('dead/redrive', 'Redrive', () => ({
    lines: [
      'It keeps its id, so an idempotency key still holds. Its attempts count from one.',
      'It goes to the tail of its queue.',
    ],
  })),
  one('dead/delete', 'Delete', () => ({
    lines: ['It is gone for ever, with its arguments and its error.'],
    main: 'Delete the task',
    grave: true,
  })),
  selected('tasks/run', 'Run', {
    lines: ['They go to the tail of their queues, and run as soon as a child is free.'],
  }),
  selected('tasks/move', 'Move', { lines: ['All get the same time. `expires` counts from it.'] }),
  selected('tasks/cancel', 'Cancel', {
    lines: ['They never run again: nothing brings them back.', 'One that a child has claimed by then is aborted.'],
    grave: true,
  }),
  selected('dead/redrive-many', 'Redrive', {
    lines: ['They go to the tail of their queues. Their attempts count from one.'],
  }),
  selected('dead/delete-many', 'Delete', { lines: ['They are gone for ever.'], grave: true }),
];
