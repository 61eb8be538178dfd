import { instantsOf } from '../../src/cron/cron-schedule.js';
import { withHashes } from '../../src/cron/hashed-fields.js';
import { scheduleFor } from '../../src/cron/named-schedule.js';

const NAMES = Array.from({ length: 500 }, (_, at) => `ReportTasks.send${at}`);
const numbers = (expression: string, field: number): number[] =>
  NAMES.map((name) => Number(withHashes(expression, name).split(' ')[field]));

describe('H in an expression', () => {
  it('is the same for a name in each process and version', () => {
    expect(withHashes('H H * * *', 'DigestTasks.digest')).toBe(withHashes('H H * * *', 'DigestTasks.digest'));
    // others may count on it: a new version must not move the crons of an app
    expect(withHashes('H H H(1-5) H H H', 'DigestTasks.digest')).toBe('57 10 2 7 11 0');
  });

  it.each<[string, number, number, number]>([
    ['H * * * * *', 0, 0, 59],
    ['H * * * *', 0, 0, 59],
    ['0 H * * *', 1, 0, 23],
    ['0 0 H * *', 2, 1, 28],
    ['0 0 1 H *', 3, 1, 12],
    ['0 0 * * H', 4, 0, 6],
    ['H(10-19) * * * *', 0, 10, 19],
    ['h(10-19) * * * *', 0, 10, 19],
  ])('%s takes each value of the field for some of many names', (expression, field, low, high) => {
    const found = new Set(numbers(expression, field));
    expect(Math.min(...found)).toBe(low);
    expect(Math.max(...found)).toBe(high);
    expect(found.size).toBe(high - low + 1);
  });

  it('spreads many crons of one expression evenly', () => {
    const minutes = numbers('H 8 * * *', 0);
    const most = Math.max(...NAMES.map((_, minute) => minutes.filter((each) => each === minute).length));
    expect(most).toBeLessThan(25);
  });

  it('with a step begins within the first step', () => {
    const all = new Set(NAMES.map((name) => withHashes('H/20 * * * *', name)));
    expect([...all].sort()).toEqual(Array.from({ length: 20 }, (_, start) => `${start}-59/20 * * * *`).sort());
    expect(new Set(NAMES.map((name) => withHashes('H(0-9)/30 * * * *', name))).size).toBe(10);
  });

  it('stands among other entries, and leaves names of days alone', () => {
    expect(withHashes('0,H(30-30) 8 * MAR THU,H(0-0)', 'any')).toBe('0,30 8 * MAR THU,0');
  });

  it.each(['H(5-1) * * * *', 'H(0-60) * * * *', 'H/0 * * * *', 'H- * * * *', '* * H(0-5) * *'])(
    '%s is refused as it was written',
    (expression) => {
      const schedule = scheduleFor('any', { expression, timeZone: 'UTC' });
      expect(() => instantsOf(schedule, 'a test')).toThrow(/is no (minute|day) /);
    },
  );
});

describe('jitter', () => {
  it('gives each name its own time, up to the longest', () => {
    const found = NAMES.map((name) => scheduleFor(name, { everyMs: 60_000, jitterMs: 9 }).jitterMs ?? 0);
    expect(new Set(found).size).toBe(10);
    expect(Math.max(...found)).toBe(9);
  });

  it('makes each time later, and keeps their distances', () => {
    const instants = instantsOf({ expression: '0 8 * * *', timeZone: 'UTC', jitterMs: 1_500 }, 'a test');
    const day = Date.parse('2026-12-01T08:00:00Z');
    expect(instants.next(day)).toBe(day + 1_500);
    expect(instants.next(day + 1_500)).toBe(day + 86_401_500);
    expect(instants.latest(day + 1_499, 1)).toEqual([day - 86_398_500]);
    expect(instants.latest(day + 1_500, 2)).toEqual([day - 86_398_500, day + 1_500]);
  });
});
