import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';

/**
 * The calls of `delay()` that are under way. An error of one of them gets the name of its task. When the process ends over some of them, they may be lost with nobody noticing, so it is said.
 */
export class UnansweredSends {
  private readonly tasks = new Map<string, number>();

  async watch<T>(task: string, send: () => Promise<T>): Promise<T> {
    this.begin(task);
    try {
      return await send();
    } catch (error) {
      throw named(error, task);
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

function named(error: unknown, task: string): unknown {
  if (!(error instanceof NestworkError) || error.message.includes(`"${task}"`)) return error;
  const { message } = error;
  error.message = `Task "${task}": ${message}`;
  error.stack = error.stack?.replace(message, () => error.message);
  return error;
}
