import { jest } from '@jest/globals';
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { missedInstants } from '../../src/cron/missed-instants.js';

const HOUR = 3_600_000;
const hourly = instantsOf({ everyMs: HOUR }, 'here');
const gap = { settled: HOUR, reason: 'no-worker' } as const;

it('between an instant and the next one nothing was missed', () => {
  expect(missedInstants(hourly, { ...gap, before: 2 * HOUR })).toBeUndefined();
  const over = instantsOf({ at: HOUR }, 'here');
  expect(missedInstants(over, { ...gap, before: 9 * HOUR })).toBeUndefined();
});

it('what was missed is counted from the first to the last', () => {
  const all = { ...gap, more: false };
  expect(missedInstants(hourly, { ...gap, before: 2 * HOUR + 1 })).toEqual({
    ...{ ...all, first: 2 * HOUR, last: 2 * HOUR, count: 1 },
  });
  expect(missedInstants(hourly, { ...gap, before: 5 * HOUR })).toEqual({
    ...{ ...all, first: 2 * HOUR, last: 4 * HOUR, count: 3 },
  });
});

it('of many that were missed the first thousand are counted, or as many as are asked for, and the last is known', () => {
  const found = { ...gap, first: 2 * HOUR, last: 2_001 * HOUR, more: true };
  const next = jest.spyOn(hourly, 'next');
  expect(missedInstants(hourly, { ...gap, before: 2_002 * HOUR })).toEqual({ ...found, count: 1_000 });
  expect(next.mock.calls.length).toBeLessThanOrEqual(1_001);
  expect(missedInstants(hourly, { ...gap, before: 2_002 * HOUR }, 0)).toEqual({ ...found, count: 1 });
  expect(missedInstants(hourly, { ...gap, before: 1_002 * HOUR })).toMatchObject({ count: 1_000, more: false });
});
