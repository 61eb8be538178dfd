import type { FoundState } from '../../../inspector/tasks/task-inspector.js';
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
