import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppBroker } from '../broker/port/broker.js';
import { BROKER } from '../broker/port/tokens.js';
import { commandRole } from '../ipc/command-role.js';
import { OutboxLoop } from '../maintenance/outbox-loop.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import { Transactions } from '../outbox/transactions.js';
import { inCleanContext } from '../values/clean-context.js';
import { LogOnce } from '../values/log-once.js';
import { assertTableAtStart } from './table-at-start.js';

/**
 * Runs the relay in every process of an app with an outbox, the children of its workers included: only there is the connection to the
 * database. One at a time has the turn.
 */
@Injectable()
export class OutboxRelayService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('TaskQueue');
  private loop: OutboxLoop | undefined;

  constructor(
    @Inject(BROKER) private readonly broker: AppBroker,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedTaskQueueOptions,
    @Inject(Transactions) private readonly transactions: Transactions | undefined,
  ) {}

  /** @throws NestworkError OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD */
  async onApplicationBootstrap(): Promise<void> {
    const { transactions, options } = this;
    if (!transactions) return;
    const { table } = transactions;
    await assertTableAtStart({
      of: 'outbox',
      assertForm: () => table.transaction((transaction) => table.assertForm(transaction)),
      broker: this.broker,
      logger: this.logger,
    });
    const role = commandRole();
    if (role === 'look' || !(options.outbox?.relay || role === 'relay')) return;
    const log = new LogOnce((what) => this.logger.error(`The outbox keeps its rows, and tries again: ${what}`));
    this.loop = new OutboxLoop({
      table,
      broker: this.broker.outbox,
      onWarning: (warning) => this.logger.warn(warning),
      onError: log.about,
      onSuccess: () => {
        if (log.over()) this.logger.log('The outbox sends its rows again.');
      },
    });
    if (role === 'relay')
      this.logger.log('Relaying the rows of the outbox, or waiting for the turn of another process to end.');
    inCleanContext(() => this.loop?.start());
  }

  /** Before the connections to the database are closed. */
  async onModuleDestroy(): Promise<void> {
    await this.loop?.stop();
  }
}
