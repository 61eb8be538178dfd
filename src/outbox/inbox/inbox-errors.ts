import { NestworkError } from '../../errors.js';
import { errorText } from '../../values/error-text.js';

/** `inbox.run()` in an app without the option. */
export function notConfigured(): NestworkError {
  return new NestworkError('INBOX_NOT_CONFIGURED', 'This app has no inbox, so inbox.run() has no database.', [
    'Give TaskQueueModule the option `inbox`: forRootAsync({ inject: [DataSource], useFactory: (source) => ({ inbox: { database: typeormOutbox(source) } }) }).',
  ]);
}

export function outsideTask(): NestworkError {
  return new NestworkError('OUTSIDE_TASK', 'inbox.run() was called outside a running task. Nothing was run.', [
    'If you called the method of a task yourself, it ran here and now: send it with queue.of(Class).method.delay(...).',
    'Outside of tasks there is no id by which a repetition could be known: use a transaction of your library.',
  ]);
}

export function inBroadcast(): NestworkError {
  return new NestworkError(
    'INBOX_UNSUPPORTED',
    'inbox.run() was called in a broadcast, which runs in every child with the same id. Nothing was run.',
    ['For an effect that is to happen once, send a task.'],
  );
}

/** @param step its name; '' for none */
export function stepTwice(step: string): NestworkError {
  const what = step === '' ? 'inbox.run() without the name of a step' : `inbox.run() of the step "${step}"`;
  return new NestworkError('INBOX_STEP_TWICE', `${what} was called a second time in one attempt. Nothing was run.`, [
    "Give each step of a task a name of its own: inbox.run('charge', async (transaction) => { ... }).",
  ]);
}

export function rolledBack(cause?: unknown): NestworkError {
  return new NestworkError(
    'INBOX_ROLLED_BACK',
    'The transaction of inbox.run() had failed or ended before its function returned. Nothing of it was kept.',
    [
      'Do not catch the error of a statement in the function, or set a savepoint before the statement.',
      'Do not end the transaction in the function: inbox.run() commits it.',
    ],
    cause === undefined ? undefined : { cause },
  );
}

/** @param cause why the value cannot be kept */
export function resultRefused(cause: unknown): NestworkError {
  const [text = ''] = (cause instanceof NestworkError ? cause.message : errorText(cause)).split('\n', 1);
  // a second code would hide the own one
  const reason = text.replace(/ \[[A-Z_]+\]$/, '');
  return new NestworkError(
    'INBOX_RESULT',
    `The function of inbox.run() returned a value that cannot be kept for a repetition. Its transaction was rolled back. ${reason}`,
    [
      'Return nothing, with braces around the body: async (transaction) => { await transaction.save(order); }.',
      'Return an id or other plain data of at most 256 KiB.',
    ],
    { cause },
  );
}
