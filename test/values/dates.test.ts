import { dateOf, nearestDate } from '../../src/values/dates.js';

it.each([0, -1, 8.64e15, -8.64e15])('%p ms are a date', (ms) => {
  expect([dateOf(ms)?.getTime(), nearestDate(ms).getTime()]).toEqual([ms, ms]);
});

it.each([
  [1e300, 8.64e15],
  [Number.POSITIVE_INFINITY, 8.64e15],
  [-1e300, -8.64e15],
  [Number.NaN, 0],
])('%p ms are no date, and the nearest one is that of %p', (ms, nearest) => {
  expect([dateOf(ms), nearestDate(ms).getTime()]).toEqual([undefined, nearest]);
});

it('no number has no date', () => {
  expect(dateOf(undefined)).toBe(undefined);
});
