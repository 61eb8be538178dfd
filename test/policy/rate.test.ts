import * as fc from 'fast-check';
import { paceOf, type Rate } from '../../src/policy/rate.js';

const REFUSED = { code: 'INVALID_OPTION' };

describe('a rate', () => {
  it.each<[Rate, number, number]>([
    ['20/s', 50_000, 20],
    ['100/m', 600_000, 100 / 60],
    ['5/h', 720_000_000, 5 / 3_600],
    ['1000/d', 86_400_000, 1_000 / 86_400],
    ['3/10s', 3_333_334, 0.3],
    ['0.5/s', 2_000_000, 0.5],
    ['1000000/s', 1, 1_000_000],
    ['1000/ms', 1, 1_000_000],
    ['1/30d', 2_592_000_000_000, 1 / 2_592_000],
  ])('%s is a start in each %i microseconds', (rate, intervalUs, perSecond) => {
    expect(paceOf(rate, 'rate')).toEqual({ intervalUs, perSecond });
  });

  it.each([
    '0/s',
    '-1/s',
    '1000001/s',
    '1001/ms',
    '1/31d',
    '0.1/w',
    '20',
    '20/',
    '20/x',
    '20 / s',
    's/20',
    '20/0s',
    '20/-1s',
    '1e9/s',
    'Infinity/s',
    '20/s/s',
    '',
    20,
    null,
    {},
  ])('%p is refused, with the option and what it could be', (rate) => {
    expect(() => paceOf(rate as Rate, 'rate of it')).toThrow(
      expect.objectContaining({ ...REFUSED, message: expect.stringMatching(/`rate of it` is [\s\S]+'20\/s'/) }),
    );
  });

  it('is never exceeded by the interval, nor missed by more than a microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 3_600 }), (count, seconds) => {
        const { intervalUs } = paceOf(`${count}/${seconds}s`, 'rate');
        const exactUs = (seconds * 1e6) / count;
        expect(intervalUs).toBeGreaterThanOrEqual(exactUs);
        expect(intervalUs - exactUs).toBeLessThan(1);
      }),
    );
  });
});
