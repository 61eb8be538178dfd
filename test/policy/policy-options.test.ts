import { NestworkError } from '../../src/errors.js';
import { assertPolicyOptions, type PolicyOptions, toCallOptions } from '../../src/policy/policy-options.js';

const WHERE = '@Task() on ReportTasks.send';
const HARMLESS: PolicyOptions[] = [
  {},
  { softTimeout: undefined, hardTimeout: undefined, retries: undefined, backoff: undefined, retryOn: undefined },
  { softTimeout: 1, hardTimeout: 2 },
  { softTimeout: '24d' },
  { hardTimeout: '24d' },
  { retries: 0 },
  { retries: 1_000 },
  { backoff: 0 },
  { backoff: '5s', maxBackoff: '1s' },
  { backoff: { type: 'fixed', delay: '1m' } },
  { backoff: { type: 'exponential', delay: 5 } },
  { backoff: () => 'only tried when it is needed' as never },
  { expires: 0, retryOnSoftTimeout: false },
  { retryOn: [], dropOn: [Error, class Own {}] },
];

/** Values that untyped code may give. */
const WRONG: [option: string, options: object, code: string][] = [
  ['softTimeout', { softTimeout: -1 }, 'INVALID_DURATION'],
  ['softTimeout', { softTimeout: Number.NaN }, 'INVALID_DURATION'],
  ['softTimeout', { softTimeout: null }, 'INVALID_DURATION'],
  ['softTimeout', { softTimeout: '5 bananas' }, 'INVALID_DURATION'],
  ['softTimeout', { softTimeout: 0 }, 'INVALID_OPTION'],
  ['softTimeout', { softTimeout: '24.1d' }, 'INVALID_OPTION'],
  ['hardTimeout', { hardTimeout: -1 }, 'INVALID_DURATION'],
  ['hardTimeout', { hardTimeout: Number.POSITIVE_INFINITY }, 'INVALID_DURATION'],
  ['hardTimeout', { hardTimeout: 0.4 }, 'INVALID_OPTION'],
  ['hardTimeout', { hardTimeout: '25d' }, 'INVALID_OPTION'],
  ['hardTimeout', { hardTimeout: '11000d' }, 'INVALID_DURATION'],
  ['softTimeout', { softTimeout: 2, hardTimeout: 2 }, 'INVALID_OPTION'],
  ['softTimeout', { softTimeout: '2m', hardTimeout: '1m' }, 'INVALID_OPTION'],
  ['retries', { retries: -1 }, 'INVALID_OPTION'],
  ['retries', { retries: 1.5 }, 'INVALID_OPTION'],
  ['retries', { retries: 1_001 }, 'INVALID_OPTION'],
  ['retries', { retries: Number.NaN }, 'INVALID_OPTION'],
  ['retries', { retries: '3' }, 'INVALID_OPTION'],
  ['retries', { retries: null }, 'INVALID_OPTION'],
  ['backoff', { backoff: -1 }, 'INVALID_DURATION'],
  ['backoff', { backoff: 'soon' }, 'INVALID_DURATION'],
  ['backoff', { backoff: null }, 'INVALID_OPTION'],
  ['backoff', { backoff: [] }, 'INVALID_OPTION'],
  ['backoff', { backoff: {} }, 'INVALID_OPTION'],
  ['backoff', { backoff: { delay: 5 } }, 'INVALID_OPTION'],
  ['backoff', { backoff: { type: 'linear', delay: 5 } }, 'INVALID_OPTION'],
  ['backoff', { backoff: { type: 'fixed' } }, 'INVALID_DURATION'],
  ['backoff', { backoff: { type: 'fixed', delay: -5 } }, 'INVALID_DURATION'],
  ['backoff', { backoff: { type: 'fixed', delay: 5, jitter: true } }, 'INVALID_OPTION'],
  ['maxBackoff', { maxBackoff: -1 }, 'INVALID_DURATION'],
  ['maxBackoff', { maxBackoff: '11000d' }, 'INVALID_DURATION'],
  ['expires', { expires: Number.NaN }, 'INVALID_DURATION'],
  ['retryOnSoftTimeout', { retryOnSoftTimeout: 'yes' }, 'INVALID_OPTION'],
  ['retryOn', { retryOn: TypeError }, 'INVALID_OPTION'],
  ['retryOn', { retryOn: ['TypeError'] }, 'INVALID_OPTION'],
  ['retryOn', { retryOn: null }, 'INVALID_OPTION'],
  ['retryOn', { retryOn: [() => true] }, 'INVALID_OPTION'],
  ['dropOn', { dropOn: {} }, 'INVALID_OPTION'],
  ['dropOn', { dropOn: [TypeError, undefined] }, 'INVALID_OPTION'],
];

describe('assertPolicyOptions', () => {
  it.each(HARMLESS)('accepts %p', (options) => {
    expect(() => assertPolicyOptions(options, WHERE)).not.toThrow();
  });

  it.each(WRONG)('refuses a wrong %s: %p, with %s', (option, options, code) => {
    const check = (): void => assertPolicyOptions(options, WHERE);
    expect(check).toThrow(NestworkError);
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringContaining(option) }));
  });

  it('names the place of the wrong option', () => {
    for (const [option, options] of WRONG) {
      // a duration inside of `backoff` names the option alone
      if (option !== 'backoff') expect(() => assertPolicyOptions(options, WHERE)).toThrow(WHERE);
    }
  });
});

describe('toCallOptions', () => {
  it.each([
    [{}, undefined],
    [{ retries: undefined, softTimeout: undefined }, undefined],
    [{ retries: 0 }, { retries: 0 }],
    [{ retryOnSoftTimeout: false }, { retryOnSoftTimeout: false }],
    [{ backoff: 0 }, { backoff: 0 }],
    [{ backoff: '5s' as const }, { backoff: 5_000 }],
    [{ backoff: { type: 'fixed', delay: '5s' } as const }, { backoff: { type: 'fixed', delay: 5_000 } }],
    [
      { softTimeout: '1s', hardTimeout: '1m', maxBackoff: '1h', expires: '1d', retries: 3 } as const,
      { softTimeout: 1_000, hardTimeout: 60_000, maxBackoff: 3_600_000, expires: 86_400_000, retries: 3 },
    ],
  ])('makes plain data of %p', (options, plain) => {
    // not even an option that is undefined: it would take room in every message
    expect(toCallOptions(options)).toStrictEqual(plain);
  });
});
