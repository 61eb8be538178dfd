import { NestworkError } from '../errors.js';
import { printable } from '../values/printable.js';

export function duplicateKey(task: string, id: string): NestworkError {
  return new NestworkError(
    'DUPLICATE_KEY',
    `The key of this call of task "${task}" is taken by task ${printable(id)}.`,
    ["Wait for that task, or use onConflict: 'drop' or 'replace'."],
  );
}

/** @param key in clear; undefined for a limit without keys, and where nobody knows it */
export function limitReached(task: string, limit: string, key?: string): NestworkError {
  const of = key === undefined ? '' : ` for the key "${printable(key)}"`;
  return new NestworkError(
    'LIMIT_REACHED',
    `Task "${printable(task)}" could not start now: the limit "${limit}" is full${of}. Nothing was sent.`,
    ['Send it again later.', "Let it wait until it may start: `onLimit: 'wait'`."],
  );
}

/** Of a promise nothing would be sent, and nothing be said. */
export function notCalls(): NestworkError {
  return new NestworkError('INVALID_OPTION', 'delayMany() got something that is not a list of calls.', [
    'Give a list of lists: [[1], [2]].',
    'Await a promise first.',
  ]);
}

export function notArguments(call: number): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `delayMany() got something at calls[${call}] that is not a list of arguments.`,
    'Give a list for each call, also for a single argument: [[1], [2]].',
  );
}

export function misplaced(option: string, method: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ ${option} }) belongs to ${method}().`,
    `Call ${method}() instead.`,
  );
}

/** A broadcast runs in many places. */
export function notAwaited(name: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `"${printable(name)}" is a broadcast, which has no result: run() cannot wait for it.`,
    ['Send it with delay(), and look at its outcomes with BroadcastLog.'],
  );
}

/** A broadcast has no end that could be counted. */
export function refusedBroadcast(name: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `"${printable(name)}" is a broadcast, which cannot be part of a batch or flow.`,
    ['Send it with delay().'],
  );
}

/** A cron sends tasks. */
export function notRepeated(name: string, what: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `"${printable(name)}" is ${what}, of which a cron cannot be made.`, [
    'Give a sender of a task: queue.of(ReportTasks).send.',
  ]);
}

export function refusedInCron(option: string, task: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ ${option} }) on task "${printable(task)}" does not go with a cron.`,
    [option === 'key' ? "Give the cron `overlap: 'skip'`." : `Leave out \`${option}\`: the cron says when it is sent.`],
  );
}
