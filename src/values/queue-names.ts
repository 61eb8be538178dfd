import { NestworkError } from '../errors.js';
import { printable } from './printable.js';
import { shown } from './shown.js';

/** Which queues of its app a worker serves: all, or some, but never some others. */
interface QueueChoice {
  readonly queues: readonly string[] | undefined;
  readonly excludeQueues: readonly string[];
}

/** The queues a worker serves, in the app's order. */
export function servedQueues(
  all: readonly string[],
  { queues, excludeQueues }: QueueChoice,
  where = 'the options of WorkerFactory.run',
): string[] {
  for (const queue of [...(queues ?? []), ...excludeQueues]) {
    if (!all.includes(queue)) throw unknownQueue(queue, where, all);
  }
  const served = all.filter((queue) => (queues ?? all).includes(queue) && !excludeQueues.includes(queue));
  if (served.length === 0) {
    throw new NestworkError(
      'INVALID_OPTION',
      'The options `queues` and `excludeQueues` leave no queue to serve.',
      'Exclude fewer queues.',
    );
  }
  return served;
}

/** A queue that `TaskQueueModule` does not declare. */
export function unknownQueue(queue: string, where: string | undefined, known: readonly string[]): NestworkError {
  // anything may arrive here from untyped code
  const name = printable(typeof queue === 'string' ? queue : shown(queue));
  return new NestworkError(
    'UNKNOWN_QUEUE',
    `Queue "${name}"${where === undefined ? '' : `, named by ${where},`} is not declared.`,
    [`Use one of: ${known.join(', ')}.`, `Add '${name}' to the \`queues\` of TaskQueueModule.`],
  );
}
