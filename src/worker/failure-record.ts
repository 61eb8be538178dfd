import { hostname } from 'node:os';
import type { DeathReport } from '../broker/port/broker.js';
import { encodeAttempt, MAX_ATTEMPT_ERROR } from '../message/attempt-record.js';
import { traceContextOf } from '../message/trace-context.js';
import { cut } from '../values/printable.js';
import { describeError } from './describe-error.js';
import type { Failure } from './executor.js';
import type { RunningTask } from './running-task.js';

/** Names are shorter, but what others wrote need not be. */
const MAX_NAME = 200;
const PLACE = { host: hostname(), pid: process.pid };

/** The line of the history for an attempt that failed in this process, at a time in ms since 1970. */
export function lineOf({ error, task, attempted }: Failure, at: number): string {
  const { code, error: text } = describeError(error, MAX_ATTEMPT_ERROR);
  const attempt = attempted ? task?.attempt : undefined;
  const trace = traceContextOf(task?.trace) ? task?.trace : undefined;
  return encodeAttempt({ at, attempt, code, error: text, ...PLACE, trace }, sealOf(task));
}

/** The record of a task that is dead by a failure in this process. */
export function reportOf({ error, task }: Failure): DeathReport {
  const { name, attempt } = task ?? {};
  const { code, error: text, stack } = describeError(error);
  const seal = sealOf(task);
  return {
    ...{ code, error: seal(text), stack: stack && seal(stack) },
    ...{ task: name && cut(name, MAX_NAME), attempt, ...PLACE },
  };
}

/** Errors may quote the data of a task. */
function sealOf(task: RunningTask | undefined): (text: string) => string {
  return (text) => task?.sealedText(text) ?? text;
}
