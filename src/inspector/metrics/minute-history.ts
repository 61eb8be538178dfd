import type { MetricsBroker, MetricsBucket, MetricsRange } from '../../broker/port/broker.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Workers may add to the counts of the minute before the present one. */
const OPEN_MINUTES = 2;

/**
 * The counts of 60 minutes and the present one. Minutes that are over are kept, so that a screen that is drawn again asks for two or
 * three, and two that ask at once read them once.
 */
export class MinuteHistory {
  private settled: readonly MetricsBucket[] = [];
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly broker: Pick<MetricsBroker, 'buckets'>) {}

  /**
   * The counts of any range: what lies in the last hour is read once for all.
   *
   * @param now by the clock of Redis, in ms since 1970
   */
  async *buckets(range: MetricsRange, now: number): AsyncGenerator<MetricsBucket> {
    const first = minuteOf(range.from);
    if (range.minutes > 1 || range.to < now || first < minuteOf(now) - HOUR_MS) {
      yield* this.broker.buckets(range);
    } else {
      for (const bucket of await this.lastHour(now)) if (bucket.at >= first) yield bucket;
    }
  }

  /** @param now by the clock of Redis, in ms since 1970 */
  lastHour(now: number): Promise<readonly MetricsBucket[]> {
    const read = this.reading.then(() => this.read(now));
    this.reading = read.catch(() => {});
    return read;
  }

  private async read(now: number): Promise<readonly MetricsBucket[]> {
    const present = minuteOf(now);
    const first = present - HOUR_MS;
    const kept = this.settled.filter(({ at }) => at >= first);
    // the clock of a Redis that took over may be behind
    const before = (kept.at(-1)?.at ?? 0) > now ? [] : kept;
    const from = (before.at(-1)?.at ?? first - MINUTE_MS) + MINUTE_MS;
    const fresh: MetricsBucket[] = [];
    for await (const bucket of this.broker.buckets({ minutes: 1, from, to: now })) fresh.push(bucket);
    const all = [...before, ...fresh];
    this.settled = all.filter(({ at }) => at <= present - OPEN_MINUTES * MINUTE_MS);
    return all;
  }
}

/** When it began. */
function minuteOf(time: number): number {
  return time - (time % MINUTE_MS);
}
