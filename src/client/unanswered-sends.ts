import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';

/** A method of a sender, as the user called it. */
export type Entry = (...args: never[]) => unknown;

/**
 * The calls of `delay()` that are under way. An error of one of them gets the name of its task, and a stack that begins
 * where it was called. When the process ends over some of them, they may be lost with nobody noticing, so it is said.
 */
export class UnansweredSends {
  private readonly tasks = new Map<string, number>();

  /**
   * @param task its name, for the error
   * @param entry what the user called
   * @param prepare what is done before anything is awaited, so that its errors can tell who called
   * @param send what follows
   */
  async watch<P, T>(
    task: string,
    entry: Entry,
    { prepare, send }: { prepare: () => P; send: (prepared: P) => Promise<T> },
  ): Promise<T> {
    this.begin(task);
    try {
      return await send(during(prepare, task, entry));
    } catch (error) {
      // from here on there are only those who await
      throw atCall(error, task, this.watch);
    } finally {
      this.end(task);
    }
  }

  private begin(task: string): void {
    if (this.tasks.size === 0) process.on('exit', this.tell);
    this.tasks.set(task, (this.tasks.get(task) ?? 0) + 1);
  }

  private end(task: string): void {
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

function during<P>(prepare: () => P, task: string, entry: Entry): P {
  try {
    return prepare();
  } catch (error) {
    throw atCall(error, task, entry);
  }
}

/** @param entry its frame and those above it say nothing to a user, unless no others are left */
function atCall(error: unknown, task: string, entry: Entry): unknown {
  if (!(error instanceof NestworkError) || error.message.includes(`"${task}"`)) return error;
  const { message, stack = '' } = error;
  error.message = `Task "${task}": ${message}`;
  Error.captureStackTrace(error, entry);
  if (!/^\s+at /m.test(error.stack ?? '')) error.stack = stack.replace(message, () => error.message);
  return error;
}
