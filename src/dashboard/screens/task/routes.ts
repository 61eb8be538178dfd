import type { SendByNameOptions } from '../../../inspector/tasks/send-by-name.js';
import type { FoundState } from '../../../inspector/tasks/task-inspector.js';
import { invalid } from '../../../values/option-values.js';
import { readEditable } from '../../arguments/read-editable.js';
import { Refused } from '../../http/refused.js';
import { type Act, act, type Call, type Route, read } from '../../http/route.js';
import { timeOf } from './new-time.js';
import { readCode, readEditableText, readTask, subjectOf, taskOf } from './read-task.js';

export const TASK_ROUTES: readonly Route[] = [
  read('task', readTask),
  read('tasks/editable', readEditableText),
  read('task/code', readCode),
  act('task/cancel', {
    action: 'cancel',
    ...onOne(async ({ inspector, by }, id) => {
      const found = await inspector.tasks.cancel(id, { by });
      if (['dead', 'cancelled', 'unknown'].includes(found)) throw tooLate(id, found, 'there is nothing to cancel');
      return found;
    }),
  }),
  act('task/run', {
    action: 'reschedule',
    ...onOne(async ({ inspector, by }, id) => scheduled(id, await inspector.tasks.runNow(id, { by }))),
  }),
  act('task/move', {
    action: 'reschedule',
    ...onOne(async ({ inspector, by, body }, id) =>
      scheduled(id, await inspector.tasks.moveTo(id, timeOf(body), { by })),
    ),
  }),
  read('send/names', async ({ inspector }) => ({ names: await inspector.tasks.names() })),
  act('send', {
    action: 'send',
    subject: async ({ inspector, body }) => {
      const { task, queue } = body;
      if (typeof task !== 'string' || task === '') throw invalid('task', 'is missing', 'Give the name of a task.');
      // so that `can` knows the queue though the person names none
      return { task, queue: typeof queue === 'string' && queue !== '' ? queue : await inspector.tasks.queueOf(task) };
    },
    run: async ({ inspector, by, body }, { task = '', queue }) => {
      const options: SendByNameOptions = { ...optionsOf(body), ...(queue !== undefined && { queue }) };
      return inspector.tasks.send(task, argumentsOf(body), { ...options, by });
    },
  }),
];

/** For an action on the task whose id is in the body. */
function onOne(does: (call: Call, id: string) => Promise<FoundState>): Pick<Act, 'subject' | 'run'> {
  return {
    subject: async (call) => subjectOf((await taskOf(call, call.body.id)).task),
    run: async (call, { id = '' }) => ({ id, found: await does(call, id) }),
  };
}

function scheduled(id: string, found: FoundState): FoundState {
  if (found === 'scheduled') return found;
  throw tooLate(id, found, 'it has no time that could change');
}

function tooLate(id: string, found: FoundState, so: string): Refused {
  const state = found === 'unknown' ? 'done, or never was' : found;
  return new Refused(409, 'TOO_LATE', `Task ${id} is ${state}: ${so}.`);
}

/** In the form that can be edited, of which plain JSON is the most part. */
function argumentsOf({ args }: Call['body']): readonly unknown[] {
  if (typeof args !== 'string') throw invalid('args', 'is no text', 'Write the arguments as a list: [7].');
  return readEditable(args, []);
}

function optionsOf({ delay, at, key }: Call['body']): SendByNameOptions {
  const hasTime = [delay, at].some((one) => one !== undefined && one !== '');
  const when = hasTime ? timeOf({ delay, at }) : undefined;
  if (key !== undefined && typeof key !== 'string') throw invalid('key', 'is no text', 'Give a text, or leave it out.');
  return {
    ...(when instanceof Date ? { eta: when } : when !== undefined && { delay: when }),
    ...(key && { key }),
  };
}
