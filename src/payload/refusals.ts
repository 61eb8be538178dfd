import { NestworkError } from '../errors.js';
import { brand } from '../values/brand.js';
import { printable } from '../values/printable.js';
import { read } from '../values/thrown.js';

/**
 * Something that is wrong with an argument.
 *
 * @example
 * const shown = ({ path, message }: PayloadProblem) => `${path || 'the argument'}: ${message}`;
 */
export interface PayloadProblem {
  /** where in the argument, like `address.street`; empty for the argument itself, or where the message names it */
  readonly path: string;
  /** in the words of the schema or of the validator */
  readonly message: string;
}

/** Where the invalid payload is. */
export interface InvalidPayloadPlace {
  /** name of the task */
  readonly task: string;
  /** which argument, from 0 */
  readonly argument: number;
  /** which call of a `delayMany()`, like `calls[3]` */
  readonly call?: string;
  /** id of the task, at a worker */
  readonly taskId?: string;
  /** whether a schema refused that the call left it out */
  readonly leftOut?: boolean;
}

/** TypeScript lets a call leave out what has a default; it is the schema that is asked first. */
const LEFT_OUT =
  'To let calls leave it out, give the schema a default or make it optional, like `z.string().default(...)` in zod: a default of the parameter comes after the schema.';
const SHOWN_PROBLEMS = 10;
const SHOWN_LENGTH = 200;

/**
 * An argument is not what the schema or the class of its parameter asks for. At a call nothing was sent; at a worker the
 * task is dead at once, because another attempt would find the same.
 *
 * @example
 * try {
 *   await queue.of(ReportTasks).send.delay(7, { weekly: true });
 * } catch (error) {
 *   if (error instanceof InvalidPayloadError) return { status: 400, problems: error.problems };
 *   throw error;
 * }
 */
export class InvalidPayloadError extends NestworkError {
  static {
    brand(InvalidPayloadError, 'InvalidPayloadError');
  }

  override readonly name = 'InvalidPayloadError';
  /** name of the task */
  readonly task: string;
  /** which argument, from 0 */
  readonly argument: number;
  /** id of the task, at a worker; undefined at a call */
  readonly taskId: string | undefined;

  constructor(
    { task, argument, call, taskId, leftOut }: InvalidPayloadPlace,
    /** what is wrong with which part of the argument */
    readonly problems: readonly PayloadProblem[],
    options?: ErrorOptions,
  ) {
    const of = call === undefined ? `of task "${task}"` : `in ${call} of task "${task}"`;
    super(
      'INVALID_PAYLOAD',
      `Argument ${argument} ${of} is invalid: ${listed(problems)}.`,
      [
        'Send what the schema or the class of the parameter accepts.',
        ...(leftOut ? [LEFT_OUT] : []),
        'Deploy workers that accept both before you change what a task takes: tasks in the queue keep the old form.',
      ],
      options,
    );
    this.task = task;
    this.argument = argument;
    this.taskId = taskId;
  }
}

/**
 * A guard refused to let a task run. It is dead at once: a refusal does not change by itself.
 *
 * @example
 * const refused = (error: unknown) => error instanceof GuardRefusedError && error.taskId;
 */
export class GuardRefusedError extends NestworkError {
  static {
    brand(GuardRefusedError, 'GuardRefusedError');
  }

  override readonly name = 'GuardRefusedError';

  constructor(
    task: string,
    /** id of the task */
    readonly taskId: string,
    options?: ErrorOptions,
  ) {
    super(
      'GUARD_REFUSED',
      `A guard refused to let task "${task}" run.`,
      [
        'Let the guard throw RetryTask where the answer may be another one later, DropTask where nobody needs to know.',
        'Let a guard that is made for requests return true when context.getType() is "task".',
        'Redrive the task once the guard would let it pass.',
      ],
      options,
    );
  }
}

/** Whether the error refuses this very task for good. A task may fail with the refusal of another one that it sent. */
export function isFinal(error: unknown, taskId: string): boolean {
  const isRefusal = error instanceof InvalidPayloadError || error instanceof GuardRefusedError;
  return isRefusal && read(error, 'taskId') === taskId;
}

function listed(problems: readonly PayloadProblem[]): string {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ path, message }) => {
    const text = path === '' ? message : `${path}: ${message}`;
    return printable(text, SHOWN_LENGTH);
  });
  const hidden = problems.length - shown.length;
  return hidden > 0 ? `${shown.join('; ')}; and ${hidden} more` : shown.join('; ');
}
