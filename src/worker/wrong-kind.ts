import { NestworkError } from '../errors.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { printable } from '../task/printable.js';
import type { TaskDefinition } from '../task/task-definition.js';

/** Why a message cannot be run that came from this queue: a task sent as a broadcast, or the other way round. */
export function wrongKind({ name, broadcast, where }: TaskDefinition, queue: string): NestworkError | undefined {
  const wanted = queue === BROADCAST_QUEUE;
  if (wanted === (broadcast !== undefined)) return undefined;
  if (wanted) {
    return new NestworkError(
      'NOT_A_BROADCAST',
      `"${printable(name)}" was sent as a broadcast, but ${where} is a @Task().`,
      [
        'Deploy senders and workers of one version: what the catalog says of a name is what its workers last said.',
        'Decorate the method with @Broadcast() if every process is to run it.',
      ],
    );
  }
  return new NestworkError(
    'NOT_A_TASK',
    `"${printable(name)}" was sent to queue "${printable(queue)}", but ${where} is a @Broadcast().`,
    ['Send it without naming a queue, from an app of the same version.'],
  );
}
