import { NestworkError } from '../errors.js';
import { nameDigest } from '../message/limit-tag.js';
import { RetryTask } from '../policy/task-errors.js';
import type { Decision } from '../policy/task-policy.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { printable } from '../values/printable.js';
import { shown } from '../values/shown.js';
import { read } from '../values/thrown.js';
import type { RunningTask } from './running-task.js';

/** What a task threw, and the limit that it wants stopped. */
export interface Stopping {
  readonly error: unknown;
  /** by its key; undefined for none */
  readonly limit: string | undefined;
}

/**
 * Finds the limit that a RetryTask names among those of its task. When there is none, the error of the attempt is another one: the author
 * of the task would take the limit for stopped.
 */
export function stoppedLimit(error: unknown, { name, message }: RunningTask, definition: TaskDefinition): Stopping {
  const limit = error instanceof RetryTask ? read(error, 'limit') : undefined;
  if (limit === undefined) return { error, limit: undefined };
  const key = typeof limit === 'string' ? message.limits.find((it) => it.startsWith(nameDigest(limit))) : undefined;
  // a task that was sent before its limit was declared does not count for it
  if (key !== undefined || definition.start?.limits.some((rule) => rule.name === limit)) return { error, limit: key };
  return { error: unknownLimit(name, limit, { definition, cause: error }), limit: undefined };
}

/** The decision, with the limit that is stopped until the task is tried again. */
export function withStop(decision: Decision, limit: string | undefined): Decision {
  if (limit === undefined || decision.kind !== 'retry') return decision;
  return { ...decision, stop: { limit, ms: decision.inMs } };
}

interface Context {
  readonly definition: TaskDefinition;
  readonly cause: unknown;
}

function unknownLimit(task: string, limit: unknown, { definition, cause }: Context): NestworkError {
  const names = definition.start?.limits.map(({ name }) => name) ?? [];
  const known = names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none.';
  return new NestworkError(
    'INVALID_OPTION',
    `Task "${printable(task)}" threw RetryTask({ limit: ${shown(limit)} }), and has no such limit.`,
    [`Name a limit of the task. ${known}`, `Declare it: @Task({ limits: [{ name: ... }] }) on ${definition.where}.`],
    { cause },
  );
}
