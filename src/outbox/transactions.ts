import type { AppBroker, ProducerBroker } from '../broker/port/broker.js';
import { noTransaction } from './outbox-errors.js';
import { OutboxProducer } from './outbox-producer.js';
import type { OutboxTable } from './outbox-table.js';

/** What an app knows of its transactions. */
export class Transactions {
  /** @param current finds the transaction of the caller where none is given */
  constructor(
    readonly table: OutboxTable,
    private readonly current?: () => unknown,
  ) {}

  /**
   * Where senders send to within a transaction.
   *
   * @throws NestworkError OUTBOX_NO_TRANSACTION
   */
  broker(
    given: object | undefined,
    behind: Pick<AppBroker, 'registeredTask' | 'groups'>,
  ): ProducerBroker & Pick<AppBroker, 'groups'> {
    const transaction = given ?? this.current?.();
    if (transaction === undefined || transaction === null) throw noTransaction(this.whyNone());
    this.table.assertTransaction(transaction);
    return new OutboxProducer(this.table, transaction, behind);
  }

  private whyNone(): string {
    return this.current
      ? 'there is none here, neither as its argument nor from the option outbox.current'
      : 'there is none: it has no argument, and the app no option outbox.current';
  }
}
