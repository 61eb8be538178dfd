import { NestworkError } from '../errors.js';
import { attemptsOf, REDRIVEN } from '../message/attempt-record.js';
import { attemptOf } from '../message/task-message.js';
import type { Decision } from '../policy/task-policy.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { printable } from '../values/printable.js';
import type { RunningTask } from './running-task.js';

/** During a rolling deploy a task may meet a worker that does not know it yet: it waits this long at first, in ms, ... */
const FIRST_PARK_MS = 5_000;
/** ... twice as long each time, this long at most, ... */
const LONGEST_PARK_MS = 300_000;
/** ... and is dead after so many times, half an hour in all. */
const MAX_PARKS = 11;

const UNKNOWN_TASK = 'UNKNOWN_TASK';
const UNKNOWN_TAG = 'UNKNOWN_TAG';
const PAYLOAD_SEALED = 'PAYLOAD_SEALED';

/** Whether a task with this error waits for a worker of another version, or with other keys. */
export function isParked(code: string | undefined): boolean {
  return code === UNKNOWN_TASK || code === UNKNOWN_TAG || code === PAYLOAD_SEALED;
}

/** Names of tasks in an error. */
const MOST_NAMES = 10;

/** @param known the tasks that this worker has */
export function unknownTask(name: string, known: readonly Pick<TaskDefinition, 'name'>[] = []): NestworkError {
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : '';
  const first = known.slice(0, MOST_NAMES).map((task) => task.name);
  const names = known.length > 0 ? `${first.join(', ')}${more}` : 'none';
  return new NestworkError(UNKNOWN_TASK, `No provider of this worker has a task named "${printable(name)}".`, [
    `Add its class to the \`providers\` of a module that the app imports. The tasks of this worker: ${names}.`,
    'If it was renamed, keep the old name: @Task({ name: ... }).',
    'Deploy workers before the apps that send new tasks.',
    'If it belongs to another app on this Redis, give each app a `namespace` of its own.',
  ]);
}

/**
 * The error of a task with a tag that this version cannot read: to run it would ignore what the tag asks for, such as a limit or
 * a result that somebody waits for.
 */
export function unknownTag({ id, name }: RunningTask, tag: string): NestworkError {
  return new NestworkError(
    UNKNOWN_TAG,
    `Task "${printable(name)}" ${id} has the tag "${tag}", which this version of nestwork cannot read. A newer worker can run it.`,
    [
      'Deploy workers before the apps that send new tasks.',
      'Use the same version of nestwork in all apps of a namespace.',
    ],
  );
}

/** Parks a task that this worker cannot run and another may, or gives it up. Takes the message as it lies in Redis. */
export function decideUnknown(message: string): Decision {
  const history = attemptsOf(message);
  const sentAgain = history.findLastIndex(({ code }) => code === REDRIVEN);
  const parks = history.slice(sentAgain + 1).filter(({ code }) => isParked(code)).length;
  if (parks >= MAX_PARKS) return { kind: 'dead' };
  return { kind: 'retry', inMs: Math.min(FIRST_PARK_MS * 2 ** parks, LONGEST_PARK_MS) };
}

/**
 * The error of a task that was not started in time. One that was tried before, or sent again, cannot expire; to be parked is
 * no try. Takes the message as it lies in Redis, too.
 */
export function expired(
  { message, name }: RunningTask,
  raw: string,
  expiresMs: number | undefined,
  now: number,
): NestworkError | undefined {
  if (expiresMs === undefined || attemptOf(message) > 1) return undefined;
  if (message.tried && attemptsOf(raw).some(({ code }) => !isParked(code))) return undefined;
  const waitedMs = now - message.enqueuedAt;
  if (waitedMs <= expiresMs) return undefined;
  return new NestworkError(
    'TASK_EXPIRED',
    `Task "${printable(name)}" waited for ${waitedMs} ms, longer than its \`expires\` of ${expiresMs} ms, so it is not started.`,
    ['Start more workers for its queue, or give `expires` a longer time.', 'Send it again if it is still of use.'],
  );
}

/** Why a message cannot be run that came from this queue: a task sent as a broadcast, or the other way round. */
export function wrongKind({ name, broadcast, where }: TaskDefinition, queue: string): NestworkError | undefined {
  const wanted = queue === BROADCAST_QUEUE;
  if (wanted === (broadcast !== undefined)) return undefined;
  if (wanted) {
    return new NestworkError(
      'NOT_A_BROADCAST',
      `"${printable(name)}" was sent as a broadcast, but ${where} is a @Task().`,
      [
        'Deploy senders and workers of one version: the catalog has each name as the workers wrote it last.',
        'Decorate the method with @Broadcast() if every process is to run it.',
      ],
    );
  }
  return new NestworkError(
    'NOT_A_TASK',
    `"${printable(name)}" was sent to queue "${printable(queue)}", but ${where} is a @Broadcast().`,
    ['Send it without naming a queue, from an app of the same version.'],
  );
}
