import { NestworkError } from '../errors.js';

/** `queue.in()` in an app without the option. */
export function notConfigured(): NestworkError {
  return new NestworkError('OUTBOX_NOT_CONFIGURED', 'This app has no outbox, so it cannot send within a transaction.', [
    'Give TaskQueueModule the option `outbox`: forRootAsync({ inject: [DataSource], useFactory: (source) => ({ outbox: { database: typeormOutbox(source) } }) }).',
  ]);
}

/** @param why as a sentence goes on: `it is over` */
export function noTransaction(why: string, cause?: unknown): NestworkError {
  return new NestworkError(
    'OUTBOX_NO_TRANSACTION',
    `queue.in() got no transaction in which a task could be sent: ${why}. Nothing was sent.`,
    [
      'Give what the library hands to the function of a transaction, and await all that is sent before that function returns.',
      'Outside of transactions send without in(): queue.of(ReportTasks).send.delay(7).',
    ],
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Something that has no answer before the commit.
 *
 * @param so what came of the call
 */
export function unsupported(what: string, remedies: readonly string[], so = ' Nothing was sent.'): NestworkError {
  return new NestworkError('OUTBOX_UNSUPPORTED', `${what}${so}`, remedies);
}
