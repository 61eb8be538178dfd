import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';

const FRAME = /\n +at /;

/** Those of all apps of the process that have calls under way, for the one listener at its end. */
const busy = new Set<UnansweredSends>();
const atExit = (): void => {
  for (const sends of busy) sends.warn();
};

/**
 * The calls of `delay()` that are under way. When the process ends over some of them, they may be lost with nobody
 * noticing, so it is said.
 */
export class UnansweredSends {
  private readonly tasks = new Map<string, number>();

  begin(task: string): void {
    if (this.tasks.size === 0) {
      // one for the process, which stays: to add and remove it costs a fifth of a call
      if (busy.size === 0 && !process.listeners('exit').includes(atExit)) process.on('exit', atExit);
      busy.add(this);
    }
    this.tasks.set(task, (this.tasks.get(task) ?? 0) + 1);
  }

  end(task: string): void {
    const left = (this.tasks.get(task) ?? 1) - 1;
    if (left > 0) this.tasks.set(task, left);
    else this.tasks.delete(task);
    if (this.tasks.size === 0) busy.delete(this);
  }

  /** Names them in the log. */
  warn(): void {
    const calls = [...this.tasks.values()].reduce((sum, count) => sum + count, 0);
    new Logger('TaskQueue').warn(
      `The process ended before Redis had answered ${calls} call${calls === 1 ? '' : 's'} of delay() (${[...this.tasks.keys()].join(', ')}): ` +
        'these tasks may be enqueued or not. Await delay(), and app.close(), before process.exit().',
    );
  }
}

/**
 * The error of one call: with the name of the task, and a stack that begins where `entry` was called. Calls that were sent
 * together, or waited for the same connection, fail with the same error, which knows none of them, so each gets a copy.
 */
export function atCall(error: unknown, task: string, entry: (...args: never[]) => unknown): unknown {
  if (!(error instanceof NestworkError)) return error;
  const { code, message, stack = '', cause } = error;
  const isShared = error.constructor === NestworkError;
  const own = isShared ? new NestworkError(code, '', [], cause === undefined ? undefined : { cause }) : error;
  own.message = message.includes(`"${task}"`) ? message : `Task "${task}": ${message}`;
  Error.captureStackTrace(own, entry);
  // no caller awaits the call
  if (!FRAME.test(own.stack ?? '')) own.stack += stack.slice(stack.search(FRAME));
  return own;
}
