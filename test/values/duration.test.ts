import * as fc from 'fast-check';
import { type Duration, toMilliseconds } from '../../src/values/duration.js';

const YEARS_10 = 10 * 365 * 24 * 60 * 60 * 1_000;

describe('toMilliseconds', () => {
  it.each<[Duration, number]>([
    [0, 0],
    [-0, 0],
    [1_500, 1_500],
    [0.4, 0],
    [1.5, 2],
    [YEARS_10, YEARS_10],
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['10 m', 600_000],
    ['1.5h', 5_400_000],
    ['1.10h', 3_960_000],
    ['1.1m', 66_000],
    ['0.0005s', 1],
    ['2d', 172_800_000],
    ['2w', 1_209_600_000],
    ['007s', 7_000],
    ['3650d', YEARS_10],
  ])('reads %p as %i', (duration, milliseconds) => {
    expect(toMilliseconds(duration, 'delay')).toBe(milliseconds);
  });

  it.each<[unknown, string]>([
    [-1, '-1'],
    [-0.1, '-0.1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [YEARS_10 + 1, '315360000001'],
    ['3650.1d', "'3650.1d'"],
    ['', "''"],
    ['30', "'30'"],
    ['s', "'s'"],
    ['30 bananas', "'30 bananas'"],
    ['30  s', "'30  s'"],
    [' 30s', "' 30s'"],
    ['30s ', "'30s '"],
    ['30s\n', "'30s\\n'"],
    ['30S', "'30S'"],
    ['-5s', "'-5s'"],
    ['+5s', "'+5s'"],
    ['1e3s', "'1e3s'"],
    ['0x10s', "'0x10s'"],
    ['1,5s', "'1,5s'"],
    ['.5s', "'.5s'"],
    ['5.s', "'5.s'"],
    ['1h30m', "'1h30m'"],
    ['Infinitys', "'Infinitys'"],
    [`${'9'.repeat(400)}s`, `'${'9'.repeat(40)}'... 361 more characters`],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [30n, '30n'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [{ seconds: 30 }, '[Object]'],
    [['30s'], '[Array]'],
  ])('refuses %p, naming the option, the value and the forms', (value, shown) => {
    const read = () => toMilliseconds(value as Duration, 'shutdownGrace');
    expect(read).toThrow(
      expect.objectContaining({
        code: 'INVALID_DURATION',
        message: expect.stringContaining(`shutdownGrace is ${shown}, which is not a valid duration.`),
      }),
    );
    expect(read).toThrow("(ms, s, m, h, d, w): 1500, '500ms', '30s', '1.5h', '10 m'");
  });

  it('returns a whole number in range or throws, for any input', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        let milliseconds: number;
        try {
          milliseconds = toMilliseconds(value as Duration, 'delay');
        } catch (error) {
          return (error as { code: unknown }).code === 'INVALID_DURATION';
        }
        return Number.isInteger(milliseconds) && milliseconds >= 0 && milliseconds <= YEARS_10;
      }),
    );
  });
});

describe('Duration', () => {
  it('is checked by the compiler', () => {
    const good: Duration[] = [1, '500ms', '30s', '10 m', '1.5h', '2d', '1w'];
    const bad: Duration[] = [
      // @ts-expect-error no such unit
      '30 bananas',
      // @ts-expect-error no unit
      '30',
      // @ts-expect-error no number
      's',
      // @ts-expect-error a bigint is no number
      30n,
    ];
    expect(good).toHaveLength(7);
    expect(bad).toHaveLength(4);
  });
});
