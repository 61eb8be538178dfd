/** The expressions of the guide, and those of Quartz that are refused. */
import { due, testRows } from './rows.js';

/** Friday. */
const NEW_YEAR = '2027-01-01T00:00:00Z';
const january = (...days: number[]): string[] => days.map((day) => `2027-01-${String(day).padStart(2, '0')}T09:00Z`);
const first = (expression: string, count: number): string[] => due(expression, NEW_YEAR, count);

testRows('scheduling-and-cron.md', 'Expressions', {
  'on weekdays': () => {
    expect(first('0 9 * * 1-5', 3)).toEqual(january(1, 4, 5));
    expect(first('0 9 * * MON-FRI', 3)).toEqual(january(1, 4, 5));
  },
  'on the 1st, and on each Monday': () => expect(first('0 9 1 * MON', 3)).toEqual(january(1, 4, 11)),
  'on a Monday that is one of the first seven days': () => {
    const times = [...january(4), '2027-02-01T09:00Z', '2027-03-01T09:00Z', '2027-04-05T09:00Z'];
    expect(first('0 9 1-7 * +MON', 4)).toEqual(times);
    expect(first('0 9 * * MON#1', 4)).toEqual(times);
  },
  'on a Friday that is the 13th': () =>
    expect(first('0 9 13 * +FRI', 2)).toEqual(['2027-08-13T09:00Z', '2028-10-13T09:00Z']),
  'on the last day of the month': () => expect(first('0 9 L * *', 2)).toEqual([...january(31), '2027-02-28T09:00Z']),
  'on the last day from Monday to Friday': () =>
    expect(first('0 9 LW * *', 3)).toEqual([...january(29), '2027-02-26T09:00Z', '2027-03-31T09:00Z']),
  'on the day from Monday to Friday that is nearest to the 15th': () =>
    // the 15th of May is a Saturday
    expect(first('0 9 15W * *', 5).at(-1)).toBe('2027-05-14T09:00Z'),
  'on the last Friday of the month': () => {
    const times = [...january(29), '2027-02-26T09:00Z', '2027-03-26T09:00Z'];
    expect(first('0 9 * * 5L', 3)).toEqual(times);
    expect(first('0 9 * * FRI#L', 3)).toEqual(times);
  },
  'every other day from the 1st on, anew with each month': () =>
    expect(due('0 9 */2 * *', '2027-01-28T00:00:00Z', 3)).toEqual([...january(29, 31), '2027-02-01T09:00Z']),
  'at 09:00:00, 09:00:20 and 09:00:40': () =>
    expect(first('*/20 0 9 * * *', 4)).toEqual([
      '2027-01-01T09:00Z',
      '2027-01-01T09:00:20.000Z',
      '2027-01-01T09:00:40.000Z',
      '2027-01-02T09:00Z',
    ]),
});

describe('an expression of Quartz', () => {
  it('with question marks and seconds is due as there', () => {
    expect(first('0 0 9 ? * MON-FRI', 2)).toEqual(january(1, 4));
    expect(first('0 0 9 L * ?', 1)).toEqual(january(31));
  });

  it('counts weekdays otherwise: 6#3 is the third Saturday here', () => {
    expect(first('0 0 9 ? * 6#3', 1)).toEqual(january(16));
    expect(first('0 0 9 ? * FRI#3', 1)).toEqual(january(15));
  });

  it.each([
    ['0 0 9 1 1 ? 2027', 'it has 7 fields', 'For years give `startDate` and `endDate`.'],
    ['0 0 9 L-2 * ?', 'L-2 is no day', 'give the days that it can be, 26-29'],
    ['0 0 9 ? * L', 'L is no weekday', '0-7 or SUN-SAT'],
    ['0 0 9 ? * 2W', '2W is no weekday', '0-7 or SUN-SAT'],
    ['0 0 9 C * ?', 'C is no day', '1-31, L, LW or 15W'],
  ])('%s is refused with its part and a remedy', (expression, part, remedy) => {
    const reading = (): unknown => first(expression, 1);
    expect(reading).toThrow(part);
    expect(reading).toThrow(remedy);
  });
});
