import type { CronBroker, Firing } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import type { CronWarnings } from './cron-warnings.js';
import type { LookedAtCron } from './looked-at-cron.js';

interface FiredTimes {
  readonly last: number;
  readonly overflow: boolean;
}

/** What follows when runs of a cron were fired: warnings, and moving a run that no worker takes and that holds up others. */
export class EndOfFiring {
  constructor(
    private readonly broker: Pick<CronBroker, 'moveRun'>,
    private readonly warnings: CronWarnings,
  ) {}

  /**
   * @param looked its times up to `last` are dealt with
   * @param overflow whether older ones were left out because there are too many
   */
  async conclude(looked: LookedAtCron, { last, overflow }: FiredTimes, firing: Firing): Promise<void> {
    const { cron, next } = looked;
    const { fired, heldIn, lastRun } = firing;
    if (overflow && fired > 0) this.warnings.overflow(cron);
    this.warnings.slow(cron, next - last, lastRun);
    await this.moveFrom(heldIn, cron);
  }

  /** A run in another queue may wait there for ever, and others for it. */
  async moveFrom(queue: string | undefined, cron: CronDeclaration): Promise<void> {
    if (queue === undefined || queue === cron.queue) return;
    if (await this.broker.moveRun(cron, queue)) this.warnings.moved(cron, queue);
  }
}
