import { hostname } from 'node:os';
import type { DeathReport } from '../broker/port/broker.js';
import { encodeAttempt, MAX_ATTEMPT_ERROR } from '../message/attempt-record.js';
import { traceContextOf } from '../message/trace-context.js';
import { cut } from '../values/printable.js';
import { describeError } from './describe-error.js';
import type { Failure } from './executor.js';

/** Names are shorter, but what others wrote need not be. */
const MAX_NAME = 200;
const PLACE = { host: hostname(), pid: process.pid };
/** Of a task that could not start without its data or its method: they quote nothing, and name the key or the task that is missing. */
const BEFORE_DATA: ReadonlySet<string> = new Set(['PAYLOAD_ALTERED', 'PAYLOAD_SEALED', 'UNKNOWN_TASK']);

/** The line of the history for an attempt that failed in this process, at a time in ms since 1970. */
export function lineOf(failure: Failure, at: number): string {
  const { error, task, attempted } = failure;
  const { code, error: text } = describeError(error, MAX_ATTEMPT_ERROR);
  const attempt = attempted ? task?.attempt : undefined;
  const trace = traceContextOf(task?.trace) ? task?.trace : undefined;
  return encodeAttempt({ at, attempt, code, error: text, ...PLACE, trace }, sealOf(failure, code));
}

/** The record of a task that is dead by a failure in this process. */
export function reportOf(failure: Failure): DeathReport {
  const { error, task } = failure;
  const { name, attempt } = task ?? {};
  const { code, error: text, stack } = describeError(error);
  const seal = sealOf(failure, code);
  return {
    ...{ code, error: seal(text), stack: stack && seal(stack) },
    ...{ task: name && cut(name, MAX_NAME), attempt, ...PLACE },
  };
}

/** Errors may quote the data of a task. */
function sealOf({ task, attempted }: Failure, code: string): (text: string) => string {
  if (!attempted && BEFORE_DATA.has(code)) return (text) => text;
  return (text) => task?.sealedText(text) ?? text;
}
