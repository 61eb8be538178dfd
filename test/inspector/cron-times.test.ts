import { upcoming } from '../../src/inspector/cron-times.js';

const LAST = 8.64e15;

describe('upcoming times of a cron', () => {
  it.each([
    ['of one date with jitter', { at: LAST, jitterMs: 7 }],
    ['of an interval', { everyMs: 1_000, startAt: LAST - 5 }],
  ])('%s, beyond the last time that a Date can be, are that time', (_, schedule) => {
    const times = upcoming('digest', schedule, { after: 0, count: 2 });
    expect(new Set(times.map((time) => time.getTime()))).toEqual(new Set([LAST]));
  });
});
