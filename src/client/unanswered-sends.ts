import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';

const FRAME = /\n +at /;
/** What a user calls. */
const ENTRY = /\n +at TaskSender\.delay(?:Many)? .*/;
/** Where their answers are awaited. */
const WATCH = /\n +at UnansweredSends\..*/;

/**
 * The calls of `delay()` that are under way. When the process ends over some of them, they may be lost with nobody noticing, so it is said.
 */
export class UnansweredSends {
  private readonly tasks = new Map<string, number>();

  begin(task: string): void {
    if (this.tasks.size === 0) process.on('exit', this.tell);
    this.tasks.set(task, (this.tasks.get(task) ?? 0) + 1);
  }

  end(task: string): void {
    const left = (this.tasks.get(task) ?? 1) - 1;
    if (left > 0) this.tasks.set(task, left);
    else this.tasks.delete(task);
    if (this.tasks.size === 0) process.off('exit', this.tell);
  }

  private readonly tell = (): void => {
    const calls = [...this.tasks.values()].reduce((sum, count) => sum + count, 0);
    new Logger('TaskQueue').warn(
      `The process ended before Redis had answered ${calls} call${calls === 1 ? '' : 's'} of delay() (${[...this.tasks.keys()].join(', ')}): ` +
        'what was sent may be enqueued or not. Await delay(), and app.close(), before process.exit().',
    );
  };
}

/** The error with the name of the task, and a stack from the call on: frames of the library say nothing to a user. */
export function atCall(error: unknown, task: string): unknown {
  if (!(error instanceof NestworkError)) return error;
  const own = ownOf(error);
  const { message, stack = '' } = own;
  if (!message.includes(`"${task}"`)) own.message = `Task "${task}": ${message}`;
  const [, ...callers] = stack.split(ENTRY);
  const named = stack.replace(message, () => own.message);
  own.stack = callers.some(Boolean) ? named.slice(0, named.search(FRAME)) + callers.at(-1) : named;
  return own;
}

/**
 * Calls that were sent together, or waited for the same connection, fail with the same error, which knows none of them:
 * each gets a copy that begins at itself. One that was made during the call is its own already.
 */
function ownOf(error: NestworkError): NestworkError {
  const { code, message, stack = '', cause } = error;
  if (error.constructor !== NestworkError || ENTRY.test(stack)) return error;
  const own = new NestworkError(code, '', [], cause === undefined ? undefined : { cause });
  const [, callers] = (own.stack ?? '').split(WATCH);
  own.message = message;
  own.stack = callers ? stack.slice(0, stack.search(FRAME)) + callers : stack;
  return own;
}
