import type { MetricsBucket } from '../../../src/broker/port/broker.js';
import { MinuteHistory } from '../../../src/inspector/metrics/minute-history.js';
import { flowOf, throughputOf } from '../../../src/inspector/status/flow.js';
import { noCounts, type TaskCounters } from '../../../src/task/task-counts.js';
import { AT } from './reports.js';

/** A minute, counted from AT. */
function minute(at: number, counts: Partial<TaskCounters> = {}, pending?: number): MetricsBucket {
  const place = { queue: 'mail', heldBack: 0, quarantined: 0, scheduled: 0, oldestMs: 0 };
  const samples = pending === undefined ? [] : [{ ...place, pending }];
  return {
    at: AT + at * 60_000,
    series: [{ queue: 'mail', task: 'Mail.send', counts: { ...noCounts(), ...counts } }],
    samples,
  };
}

describe('throughputOf', () => {
  it('sums the hour, and averages the last five whole minutes', () => {
    const done = [100, 0, 10, 10, 10, 20, 7];
    const buckets = done.map((each, at) => minute(at - 6, { done: each, failed: 1, timedOut: 1, crashed: 1 }));
    const { minutes, ...sums } = throughputOf(buckets);
    expect(sums).toEqual({ done: 157, failed: 21, failureRate: 21 / 178, perMinute: 10 });
    expect(minutes.at(-1)).toEqual({ at: new Date(AT), done: 7, failed: 3 });
  });

  it('is 0 where nothing was counted', () => {
    expect(throughputOf([])).toEqual({ done: 0, failed: 0, failureRate: 0, perMinute: 0, minutes: [] });
  });
});

describe('flowOf', () => {
  it('adds the change of depth to the tasks that left between two samples', () => {
    const depths = [undefined, 100, undefined, 110, 150, undefined];
    const buckets = depths.map((depth, at) => minute(at - 5, { done: 10, dead: 2 }, depth));
    // 36 left within three minutes, and 50 more wait
    expect(flowOf('mail', buckets)).toEqual({ inPerMinute: 86 / 3, outPerMinute: 12 });
  });

  it('averages both directions over the same minutes: those between the samples', () => {
    const buckets = [minute(-2), minute(-1, { done: 20 }, 0), minute(0, {}, 0)];
    expect(flowOf('mail', buckets)).toEqual({ inPerMinute: 20, outPerMinute: 20 });
  });

  it('does not know what came into a queue with one sample', () => {
    expect(flowOf('mail', [minute(-1, { done: 3 }), minute(0, {}, 5)])).toEqual({
      inPerMinute: undefined,
      outPerMinute: 3,
    });
    expect(flowOf('other', [minute(-1, { done: 3 }, 1), minute(0, {}, 5)]).outPerMinute).toBe(0);
  });
});

describe('MinuteHistory', () => {
  it('asks again only for minutes that may still change, and for all when the clock of Redis goes back', async () => {
    const asked: number[] = [];
    const history = new MinuteHistory({
      async *buckets({ from, to }) {
        asked.push(0);
        for (let at = from; at <= to; at += 60_000) {
          asked[asked.length - 1] = (asked.at(-1) ?? 0) + 1;
          yield { at, series: [], samples: [] };
        }
      },
    });
    const first = await history.lastHour(AT + 500);
    const second = await history.lastHour(AT + 2_500);
    const third = await history.lastHour(AT + 3 * 60_000);
    const behind = await history.lastHour(AT - 600_000);
    expect(asked).toEqual([61, 2, 5, 61]);
    for (const buckets of [first, second, third, behind]) expect(buckets).toHaveLength(61);
    expect(third.map(({ at }) => at)).toEqual(Array.from({ length: 61 }, (_, at) => AT + (at - 57) * 60_000));
    expect(second.at(-1)?.at).toBe(AT);
  });
});
