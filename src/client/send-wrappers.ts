import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { type GivenHeaders, readHeaders } from '../message/headers.js';
import { handled, hookName } from '../task/hook-calls.js';
import type { SendInfo, SentTask, WrapSend } from '../task/task-hooks.js';
import { printable } from '../values/printable.js';
import { printed } from '../values/printed.js';

/** Sends, with the headers that the wrappers have added. */
type Send<Task extends SentTask> = (headers: GivenHeaders) => Promise<readonly Task[]>;

/** The wrappers around what an app sends. */
export class SendWrappers {
  private wrappers: readonly WrapSend[] = [];

  /** Whether there are any: most apps have none, and pay nothing. */
  get any(): boolean {
    return this.wrappers.length > 0;
  }

  /** @param wrappers the first one runs around the others */
  use(wrappers: readonly WrapSend[]): void {
    this.wrappers = [...wrappers].reverse();
  }

  /**
   * Sends within all wrappers, once, and resolves to the tasks sent, regardless of what they return. Tasks that are in Redis stay there, so an error
   * that a wrapper throws after that is logged.
   *
   * @throws what a wrapper throws before the last one has called `next()`; what `send` throws; NestworkError TASK_NOT_SENT when none called
   * `next()`
   */
  async around<Task extends SentTask>(
    { name, count, sealed }: Pick<SendInfo, 'name' | 'count' | 'sealed'>,
    send: Send<Task>,
  ): Promise<readonly Task[]> {
    const headers: Record<string, string> = {};
    const info: SendInfo = { name, count, sealed, headers };
    let sent: Promise<readonly Task[]> | undefined;
    let refusal: { readonly error: unknown } | undefined;
    let over = false;
    const innermost = async (): Promise<readonly Task[]> => {
      // the caller knows by now that nothing was sent, and may have sent it again
      if (over && !sent) throw tooLate(name);
      sent ??= (async () => send(readHeaders(headers, `wrapSend() on task "${printable(name)}"`)))();
      return sent;
    };
    const around = (next: () => Promise<readonly Task[]>, hook: WrapSend) => async (): Promise<readonly Task[]> => {
      try {
        await hook.wrapSend(info, handled(next));
      } catch (error) {
        if (!sent) {
          refusal = { error };
          throw error;
        }
        await sent;
        logFailure(hook, name, error);
      }
      // a wrapper may have caught what one within it threw, and still nothing was sent
      if (!sent) throw refusal ? refusal.error : notSent(name);
      return sent;
    };
    try {
      return await this.wrappers.reduce(around, innermost)();
    } finally {
      over = true;
    }
  }
}

function logFailure(hook: WrapSend, name: string, error: unknown): void {
  new Logger('TaskHooks').error(
    `wrapSend() of ${printable(hookName(hook))} failed after task "${printable(name)}" was sent: ${printed(error)}`,
  );
}

function tooLate(name: string): NestworkError {
  return new NestworkError(
    'TASK_NOT_SENT',
    `A wrapper called next() after the call of task "${printable(name)}" had failed, so it was not sent.`,
    'Call next() before wrapSend returns or throws, and await it.',
  );
}

function notSent(name: string): NestworkError {
  return new NestworkError(
    'TASK_NOT_SENT',
    `No wrapper called next(), so task "${printable(name)}" was not sent.`,
    'Call next() once in wrapSend, and await it; throw to refuse a call.',
  );
}
