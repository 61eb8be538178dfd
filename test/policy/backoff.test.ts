import { type RetryBackoff, toBackoff } from '../../src/policy/backoff.js';

const HOUR_MS = 3_600_000;

/** As if Math.random() had drawn this. */
function drawing<T>(drawn: number, run: () => T): T {
  const { random } = Math;
  Math.random = () => drawn;
  try {
    return run();
  } finally {
    Math.random = random;
  }
}

describe('toBackoff', () => {
  it.each<[RetryBackoff, number[]]>([
    ['5s', [5_000, 10_000, 20_000, 40_000]],
    [100, [100, 200, 400, 800]],
    [{ type: 'exponential', delay: '1m' }, [60_000, 120_000, 240_000, 480_000]],
    [{ type: 'fixed', delay: '1m' }, [60_000, 60_000, 60_000, 60_000]],
    [{ type: 'fixed', delay: 0 }, [0, 0, 0, 0]],
    [0, [0, 0, 0, 0]],
    [(attempt) => attempt * 1_000, [1_000, 2_000, 3_000, 4_000]],
    [() => '2s', [2_000, 2_000, 2_000, 2_000]],
  ])('of %p waits for %p at most', (backoff, waits) => {
    const wait = toBackoff(backoff, HOUR_MS);
    expect(drawing(1, () => [1, 2, 3, 4].map((attempt) => wait(attempt, undefined)))).toEqual(waits);
  });

  it.each([
    [0, [0, 0, 0]],
    [0.25, [25, 50, 100]],
    [0.999_999, [100, 200, 400]],
  ])('draws between zero and that: %p of it is %p', (drawn, waits) => {
    const wait = toBackoff(100, HOUR_MS);
    expect(drawing(drawn, () => [1, 2, 3].map((attempt) => wait(attempt, undefined)))).toEqual(waits);
  });

  it('draws anew for each attempt', () => {
    const wait = toBackoff('1h', HOUR_MS);
    const waits = Array.from({ length: 200 }, () => wait(1, undefined));
    expect(new Set(waits).size).toBeGreaterThan(100);
    for (const ms of waits) {
      expect(Number.isInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(HOUR_MS);
    }
  });

  it.each<[RetryBackoff]>([['1s'], [{ type: 'fixed', delay: '2h' }], ['3650d']])(
    'of %p waits no longer than the longest wait, after any number of failures',
    (backoff) => {
      const wait = toBackoff(backoff, HOUR_MS);
      expect(drawing(1, () => [60, 1_000, 1e9].map((attempt) => wait(attempt, undefined)))).toEqual([
        HOUR_MS,
        HOUR_MS,
        HOUR_MS,
      ]);
    },
  );

  it('asks a function with the attempt and its error, and lets it wait longer', () => {
    const error = new Error('no');
    const asked: unknown[] = [];
    const wait = toBackoff((...what) => {
      asked.push(what);
      return '2h';
    }, HOUR_MS);
    expect(wait(7, error)).toBe(2 * HOUR_MS);
    expect(asked).toEqual([[7, error]]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, undefined, 'soon', '11y', 1e15])(
    'refuses a function that returns %p when it is called',
    (answer) => {
      const wait = toBackoff(() => answer as number, HOUR_MS);
      expect(() => wait(1, undefined)).toThrow(expect.objectContaining({ code: 'INVALID_DURATION' }));
    },
  );
});
