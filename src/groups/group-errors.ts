import { type GroupKind, MOST_ADDED_LINKS } from '../broker/port/group-port.js';
import { NestworkError } from '../errors.js';
import { printable } from '../values/printable.js';
import { shown } from '../values/shown.js';

/** A batch or flow takes nothing any more. */
export function groupEnded(kind: GroupKind, id: string): NestworkError {
  return new NestworkError(
    'GROUP_ENDED',
    `The ${kind} ${printable(id)} has ended, or was cancelled: it takes no more tasks.`,
    [
      `Look at it: nestwork ${kind === 'batch' ? 'batches' : 'flows'} show, with its id.`,
      kind === 'batch' ? 'Make another batch, or send the tasks by themselves.' : 'Make another flow.',
    ],
  );
}

/** None is known by that id. */
export function groupUnknown(kind: GroupKind | 'batch or flow', id: string): NestworkError {
  return new NestworkError('GROUP_UNKNOWN', `No ${kind} ${printable(id)} is known.`, [
    'Check the id, and the namespace.',
    `A task of it has an id of its own: nestwork tasks show ${printable(id)} names the batch or flow of a task.`,
    'A day after its end nothing is kept of a batch or flow.',
  ]);
}

/** Its sender was taken for dead while it was still adding. */
export function batchAbandoned(id: string): NestworkError {
  return new NestworkError(
    'BATCH_ABANDONED',
    `Batch ${printable(id)} was abandoned while it was filled: for five minutes Redis got nothing for it. The tasks that it has go on.`,
    ['Find out why this process was stuck, or away from Redis, for so long.', 'Add to it with a faster source.'],
  );
}

/** Its builder is used again. */
export function batchSent(): NestworkError {
  return new NestworkError('INVALID_OPTION', 'The batch was sent already, or is being sent.', [
    'Make another one with queue.batch().',
    'A running task adds to its batch with context.batch.add().',
  ]);
}

/** @param which option of the batch */
export function lateCallback(which: string, task: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `${which} of batch() is task "${task}" with a \`delay\` or \`eta\`: it is sent when the batch has ended, or has failed.`,
    ['Leave it out, or let that task send another one later.'],
  );
}

export function notASender(where: string, value: unknown): NestworkError {
  return new NestworkError('INVALID_OPTION', `${where} got ${shown(value)}, which is no sender of a task.`, [
    'Give a sender: queue.of(ReportTasks).send, with or without .with({ ... }).',
  ]);
}

/** A chain begins with what `add()` returned. */
export function notARef(value: unknown): NestworkError {
  return new NestworkError('INVALID_OPTION', `chain() got ${shown(value)} as its first argument, which is no Ref.`, [
    'Add the first task by itself: flow.chain(flow.add(first, ...args), second, third).',
  ]);
}

/** A flow that cannot be. @param path where in it, such as `merge (node 3), args[0]` */
export function invalidFlow(path: string, what: string, remedy: string): NestworkError {
  return new NestworkError('INVALID_FLOW', `${path}: ${what}.`, [remedy]);
}

export function addsTooWide(): NestworkError {
  const most = MOST_ADDED_LINKS.toLocaleString('en-US');
  return invalidFlow(
    'The flow of the running task',
    `it adds too many tasks for those that wait for it: both numbers multiplied are more than ${most}`,
    'Add one more task, that waits for all of these: context.flow.with({ after: refs }).add(...).',
  );
}

/** A running task is in a group that is known: one that is not is of the other kind. */
export function asNotInGroup(kind: GroupKind, error: unknown): unknown {
  return error instanceof NestworkError && error.code === 'GROUP_UNKNOWN' ? notInGroup(kind) : error;
}

export function notInGroup(kind: GroupKind): NestworkError {
  return new NestworkError('NOT_IN_GROUP', `context.${kind} was read in a task that is in no ${kind}.`, [
    `Ask context.group first, or send the task with queue.${kind}().`,
  ]);
}
