import type { BroadcastOutcome, BroadcastRecords, RecordedGap } from '../broker/port/broker.js';
import { assertTaskId } from '../message/task-id.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';

/**
 * Shows how broadcasts ended, for a day, and which of them workers have missed, for a week. Inject it anywhere.
 *
 * @example
 * const { id } = await queue.task<[string]>('CacheTasks.forget').delay('user:7');
 * // later
 * const outcomes = await broadcastLog.outcomes(id);
 * const failed = outcomes.filter(({ ok }) => !ok); // { host, pid, ok, error, durationMs, at }
 */
export class BroadcastLog {
  /** @internal */
  constructor(
    private readonly records: Pick<BroadcastRecords, 'outcomes' | 'gaps'>,
    private readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {}

  /**
   * How a broadcast ended, once for each child that has finished it so far, in the order of the ends. The final number is
   * not known: workers come and go.
   *
   * @param id the id of the handle that `delay()` gave
   * @throws NestworkError INVALID_TASK_ID, REDIS_UNAVAILABLE
   */
  async outcomes(id: string): Promise<BroadcastOutcome[]> {
    assertTaskId(id);
    const outcomes = await this.records.outcomes(id);
    return outcomes.map((outcome) => {
      const { error } = outcome;
      return error === undefined ? outcome : { ...outcome, error: this.payloads.openText(error, id) };
    });
  }

  /**
   * The latest hundred gaps, oldest first: broadcasts that were trimmed away, or lost with the data of Redis, before a
   * worker had read them.
   *
   * @throws NestworkError REDIS_UNAVAILABLE
   */
  async gaps(): Promise<RecordedGap[]> {
    return this.records.gaps();
  }
}
