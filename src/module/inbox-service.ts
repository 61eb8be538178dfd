import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppBroker } from '../broker/port/broker.js';
import { InboxLoop } from '../maintenance/inbox-loop.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import type { InboxTable } from '../outbox/inbox/inbox-table.js';
import { inCleanContext } from '../values/clean-context.js';
import { LogOnce } from '../values/log-once.js';
import { assertTableAtStart } from './table-at-start.js';

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
    await assertTableAtStart({
      of: 'inbox',
      assertForm: () => table.assertForm(),
      broker: this.broker,
      logger: this.logger,
    });
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
}
