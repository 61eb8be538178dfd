import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppBroker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { InboxLoop } from '../maintenance/inbox-loop.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import type { InboxTable } from '../outbox/inbox/inbox-table.js';
import { inCleanContext } from '../values/clean-context.js';
import { LogOnce } from '../values/log-once.js';
import { printedReason } from '../values/printed.js';

/** Checks the table of an inbox, and removes old marks. */
export class InboxService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('TaskQueue');
  private loop: InboxLoop | undefined;

  /** @param isTest a test does not wait for timers */
  constructor(
    private readonly broker: Pick<AppBroker, 'close'>,
    private readonly options: Pick<ResolvedTaskQueueOptions, 'inbox'>,
    private readonly table: InboxTable | undefined,
    private readonly isTest: boolean,
  ) {}

  /** @throws NestworkError INBOX_TABLE_MISSING, INBOX_TABLE_OLD */
  async onApplicationBootstrap(): Promise<void> {
    const { table, options } = this;
    if (!table || !options.inbox) return;
    await this.assertTable(table);
    if (this.isTest) return;
    const log = new LogOnce((what) => this.logger.error(`The inbox keeps its old marks, and tries again: ${what}`));
    this.loop = new InboxLoop({
      table,
      keepMs: options.inbox.keepMs,
      onError: log.about,
      onSuccess: () => {
        if (log.over()) this.logger.log('The inbox removes its old marks again.');
      },
    });
    inCleanContext(() => this.loop?.start());
  }

  /** Before the connections to the database are closed. */
  async onModuleDestroy(): Promise<void> {
    await this.loop?.stop();
  }

  /** A database that is away for the moment keeps no app from starting: tasks fail until it is back. */
  private async assertTable(table: InboxTable): Promise<void> {
    try {
      await table.assertForm();
    } catch (error) {
      if (!(error instanceof NestworkError)) {
        this.logger.warn(`The database of the inbox does not answer: ${printedReason(error)}`);
        return;
      }
      // Nest runs no shutdown hooks after a failed bootstrap, and a connection that retries keeps the process alive
      await this.broker.close();
      throw error;
    }
  }
}
