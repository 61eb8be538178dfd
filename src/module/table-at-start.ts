import type { Logger } from '@nestjs/common';
import type { AppBroker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { printedReason } from '../values/printed.js';

/** A table that an app needs, and where to say that its database is away. */
export interface TableAtStart {
  /** `outbox` */
  readonly of: string;
  readonly assertForm: () => Promise<void>;
  readonly broker: Pick<AppBroker, 'close'>;
  readonly logger: Logger;
}

/**
 * Refuses to start with a table that is missing or of another form. A database that is away for the moment keeps no app from starting.
 *
 * @throws NestworkError of `assertForm`
 */
export async function assertTableAtStart({ of, assertForm, broker, logger }: TableAtStart): Promise<void> {
  try {
    await assertForm();
  } catch (error) {
    if (!(error instanceof NestworkError)) {
      logger.warn(`The database of the ${of} does not answer: ${printedReason(error)}`);
      return;
    }
    // Nest runs no shutdown hooks after a failed bootstrap, and a connection that retries keeps the process alive
    await broker.close();
    throw error;
  }
}
