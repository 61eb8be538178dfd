import type { DeadTask } from '../../../inspector/dead-task.js';
import { invalid } from '../../../values/option-values.js';
import { editableText } from '../../arguments/editable-text.js';
import { readEditable } from '../../arguments/read-editable.js';
import { Refused } from '../../http/refused.js';
import { act, bulk, type Call, type Route, read, type Subject } from '../../http/route.js';
import { actOnMany, subjectOfMany } from './act-on-many.js';
import { readGroups, readPreview, readRows } from './read-dead.js';

export const DEAD_ROUTES: readonly Route[] = [
  read('dead/groups', readGroups),
  read('dead/list', readRows),
  read('dead/preview', readPreview),
  act('dead/redrive', {
    action: 'redrive',
    subject: subjectOfOne,
    run: async ({ inspector, by, body }) => found(body.id, await inspector.dead.redrive(String(body.id), { by })),
  }),
  act('dead/redrive-edited', { action: 'redrive-edited', subject: subjectOfOne, run: redriveEdited }),
  act('dead/delete', {
    action: 'delete',
    subject: subjectOfOne,
    run: async ({ inspector, by, body }) => found(body.id, await inspector.dead.delete(String(body.id), { by })),
  }),
  bulk('dead/redrive-many', {
    action: 'redrive',
    subject: subjectOfMany,
    run: (call, report) => actOnMany(call, 'redrive', report),
  }),
  bulk('dead/delete-many', {
    action: 'delete',
    subject: subjectOfMany,
    run: (call, report) => actOnMany(call, 'delete', report),
  }),
];

async function deadTask({ inspector, body }: Call): Promise<DeadTask> {
  const id = String(body.id);
  return (await inspector.dead.get(id)) ?? found(id, undefined);
}

async function subjectOfOne(call: Call): Promise<Subject> {
  const { id, queue, task } = await deadTask(call);
  return { id, queue, task };
}

/** The text comes from `tasks/editable`, with placeholders for what is hidden: they are put back here. */
async function redriveEdited(call: Call): Promise<unknown> {
  const { inspector, by, body, redaction } = call;
  const { text } = body;
  if (typeof text !== 'string') throw invalid('text', 'is no text', 'Write the arguments as a list: [7].');
  const { id, queue, task, args = [] } = await deadTask(call);
  const { hidden } = editableText(args, redaction.of({ task: task ?? '', queue }));
  return found(id, await inspector.dead.redrive(id, { args: readEditable(text, hidden), by }));
}

/** @throws Refused when it was dead no more */
function found<T extends string>(id: unknown, answer: T | undefined): never;
function found<T extends string>(id: unknown, answer: T): { readonly id: unknown; readonly done: T };
function found(id: unknown, answer: string | undefined): unknown {
  if (answer !== undefined && answer !== 'not-found') return { id, done: answer };
  throw new Refused(404, 'UNKNOWN_TASK_ID', `No task ${String(id)} is dead.`, [
    'It may have been redriven or deleted, or be in another namespace.',
  ]);
}
