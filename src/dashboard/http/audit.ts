import { Logger } from '@nestjs/common';
import { printable } from '../../values/printable.js';
import type { DashboardAuditEntry, DashboardSettings } from '../options.js';
import type { DashboardAction, DashboardSubject } from '../rights.js';

/** An action that somebody wants to take. */
export interface Wish {
  readonly by: string;
  readonly action: DashboardAction;
  readonly order?: DashboardAuditEntry['order'];
  readonly subject: DashboardSubject;
  /** of a bulk action */
  readonly filter?: unknown;
}

/** How an action ended. */
interface End {
  readonly outcome: DashboardAuditEntry['outcome'];
  readonly count: number;
  readonly error?: unknown;
}

/** Hands each action to the app, which may keep a record of them. */
export class Audit {
  private readonly log = new Logger('QueueDashboard');

  constructor(private readonly audit: DashboardSettings['audit']) {}

  /** The answer does not wait for it: a slow record must not look like a slow action. */
  record({ filter, order, ...wish }: Wish, { error, ...end }: End): void {
    const entry: DashboardAuditEntry = {
      at: new Date(),
      ...wish,
      ...(order === undefined ? {} : { order }),
      ...(filter === undefined ? {} : { filter }),
      ...end,
      ...(error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) }),
    };
    void this.call(entry).catch((failure: unknown) => {
      this.log.error(`The function \`audit\` of the dashboard failed: ${printable(String(failure))}`);
    });
  }

  private async call(entry: DashboardAuditEntry): Promise<void> {
    await this.audit?.(entry);
  }
}
