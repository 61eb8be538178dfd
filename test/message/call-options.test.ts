import fc from 'fast-check';
import { decodeCallOptions } from '../../src/message/call-options.js';

describe('decodeCallOptions', () => {
  it.each([
    {},
    { softTimeout: 0, hardTimeout: 5, maxBackoff: 7, expires: 1.5 },
    { retries: 0, backoff: 5, retryOnSoftTimeout: true },
    { backoff: { type: 'fixed', delay: 0 } },
    { backoff: { type: 'exponential', delay: 100 }, cron: 'Some.cron' },
    { whateverANewerVersionKnows: { deep: [1] } },
  ])('accepts %p unchanged', (options) => {
    expect(decodeCallOptions(options, 'task x')).toBe(options);
  });

  it.each([null, undefined, 7, 'text', true, [], [{}]])('refuses %p, which is no object', (value) => {
    const what = { code: 'UNDECODABLE_MESSAGE', message: expect.stringContaining('The options of task x') };
    expect(() => decodeCallOptions(value, 'task x')).toThrow(expect.objectContaining(what));
  });

  const time = [-1, '5s', null, true, Number.NaN, Number.POSITIVE_INFINITY, [], {}];
  it.each<[string, unknown]>([
    ...['softTimeout', 'hardTimeout', 'maxBackoff', 'expires'].flatMap((name) =>
      time.map((value): [string, unknown] => [name, value]),
    ),
    ...[-1, 1.5, '3', null, 2 ** 60].map((value): [string, unknown] => ['retries', value]),
    ...[-1, '5s', null, [], {}, { type: 'fixed' }, { delay: 5 }, { type: 'other', delay: 5 }].map(
      (it): [string, unknown] => ['backoff', it],
    ),
    ['backoff', { type: 'fixed', delay: '5s' }],
    ...['true', 1, null].map((value): [string, unknown] => ['retryOnSoftTimeout', value]),
    ...[7, null, {}].map((value): [string, unknown] => ['cron', value]),
  ])('refuses %s: %p', (name, value) => {
    const what = { code: 'UNDECODABLE_MESSAGE', message: expect.stringContaining(`The option ${name} of task x`) };
    expect(() => decodeCallOptions({ [name]: value }, 'task x')).toThrow(expect.objectContaining(what));
  });

  it('accepts or refuses any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          expect(decodeCallOptions(value, 'task x')).toBe(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNDECODABLE_MESSAGE' });
        }
      }),
    );
  });
});
