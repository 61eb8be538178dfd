import type { NestworkError } from '../errors.js';
import { unsupported } from '../outbox/outbox-errors.js';
import { printable } from '../values/printable.js';

/** `run()` would keep the transaction open for ever. */
export function waitsForCommit(task: string): NestworkError {
  return unsupported(
    `run() on task "${printable(task)}" within a transaction would wait for a task that is sent after the commit.`,
    [
      'Send it with delay(), commit, and then await the result: queue.result(handle.id). The task has to keep it: @Task({ result }), with({ result }).',
      'Call run() after the commit, without in().',
    ],
  );
}

export function conflictUnknown(task: string): NestworkError {
  return unsupported(
    `with({ onConflict: 'reject' }) on task "${printable(task)}" has no answer within a transaction: whether its key is taken turns out after the commit.`,
    ["Use onConflict: 'drop' or 'replace'.", 'Send it after the commit, without in().'],
  );
}

/** @param what happened, as a sentence */
export function groupInTransaction(what: string): NestworkError {
  return unsupported(`${what} Batches and flows are opened in Redis, and cannot be rolled back.`, [
    'Send one task within the transaction, which makes the batch or flow when it runs: queue.in(transaction).of(ImportTasks).start.delay(7).',
  ]);
}

/** Nobody knows whether it was committed, and until then nothing could end. */
export function resultBeforeCommit(task: string, id: string): NestworkError {
  return unsupported(
    `The handle of task "${printable(task)}" was made within a transaction, and cannot wait for its result.`,
    [`After the commit: queue.result('${id}').`],
    '',
  );
}

export function cancelledBeforeCommit(task: string, id: string): NestworkError {
  return unsupported(
    `Task "${printable(task)}" was sent within a transaction and is not in Redis, so it cannot be cancelled: it is not committed, or not relayed yet, or has finished.`,
    ['Roll the transaction back.', `Cancel it once it is in Redis: queue.cancel('${id}').`],
    '',
  );
}
