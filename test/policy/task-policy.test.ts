import type { CallOptions } from '../../src/message/call-options.js';
import { PolicyBook } from '../../src/policy/policy-book.js';
import type { PolicyOptions } from '../../src/policy/policy-options.js';
import { DropTask, HardTimeoutError, RetryTask, SoftTimeoutError } from '../../src/policy/task-errors.js';
import { type Decision, TaskPolicy } from '../../src/policy/task-policy.js';

class Transient extends Error {}
class MoreTransient extends Transient {}
class Hopeless extends Error {}

const AGAIN: Decision = { kind: 'retry', inMs: 7 };
const DEAD: Decision = { kind: 'dead' };
/** The least wait where nothing limits the number of attempts. */
const FLOOR: Decision = { kind: 'retry', inMs: 100 };
const PATIENT = { type: 'fixed', delay: '5s' } as const;
const DROP: Decision = { kind: 'drop' };
/** A wait that can be foretold. */
const WAIT: PolicyOptions = { backoff: { type: 'fixed', delay: 7 } };

const soft = new SoftTimeoutError('Some.task', 5);
const transient = new Transient('no');
const hopeless = new Hopeless('no');

type Row = [what: string, options: PolicyOptions, error: unknown, failures: number, decision: Decision];

const DECISIONS: Row[] = [
  // how often
  ['no retries by default', {}, transient, 0, DEAD],
  ['no retries', { retries: 0 }, transient, 0, DEAD],
  ['the first of two retries', { retries: 2 }, transient, 0, AGAIN],
  ['the last of two retries', { retries: 2 }, transient, 1, AGAIN],
  ['two retries used up', { retries: 2 }, transient, 2, DEAD],
  ['more failures than retries', { retries: 2 }, transient, 9, DEAD],
  ['anything may be thrown', { retries: 1 }, 'text', 0, AGAIN],
  ['undefined may be thrown', { retries: 1 }, undefined, 0, AGAIN],
  // which errors
  ['one of retryOn', { retries: 1, retryOn: [Hopeless, Transient] }, transient, 0, AGAIN],
  ['a subclass of one of retryOn', { retries: 1, retryOn: [Transient] }, new MoreTransient(), 0, AGAIN],
  ['none of retryOn', { retries: 1, retryOn: [Transient] }, hopeless, 0, DEAD],
  ['an empty retryOn', { retries: 1, retryOn: [] }, transient, 0, DEAD],
  ['a value that is no error is none of retryOn', { retries: 1, retryOn: [Transient] }, 'text', 0, DEAD],
  ['retryOn without retries', { retryOn: [Transient] }, transient, 0, DEAD],
  ['one of dropOn', { dropOn: [Hopeless] }, hopeless, 0, DROP],
  ['one of dropOn, with retries', { retries: 5, dropOn: [Hopeless] }, hopeless, 0, DROP],
  ['one of dropOn and of retryOn', { retries: 5, dropOn: [Hopeless], retryOn: [Hopeless] }, hopeless, 0, DROP],
  ['none of dropOn', { retries: 1, dropOn: [Hopeless] }, transient, 0, AGAIN],
  ['one of dropOn, with retries used up', { retries: 1, dropOn: [Hopeless] }, hopeless, 1, DROP],
  // errors by which the task decides
  ['DropTask', {}, new DropTask(), 0, DROP],
  ['DropTask, with retries', { retries: 5 }, new DropTask('gone'), 0, DROP],
  ['RetryTask without a limit', { backoff: PATIENT }, new RetryTask(), 0, { kind: 'retry', inMs: 5_000 }],
  ['RetryTask without a limit, for long', { backoff: PATIENT }, new RetryTask(), 1_294, { kind: 'retry', inMs: 5_000 }],
  ['RetryTask without a limit, by a backoff that hardly waits', {}, new RetryTask(), 0, FLOOR],
  ['RetryTask without a limit, by no backoff', { backoff: 0 }, new RetryTask(), 0, FLOOR],
  ['RetryTask without a limit, by a backoff function', { backoff: () => 0 }, new RetryTask(), 0, FLOOR],
  ['RetryTask without a limit, by no maxBackoff', { maxBackoff: 0 }, new RetryTask(), 0, FLOOR],
  ['RetryTask without a limit, at once', {}, new RetryTask({ in: 0 }), 0, FLOOR],
  ['RetryTask without a limit, almost at once', {}, new RetryTask({ in: 99 }), 0, FLOOR],
  ['RetryTask without a limit, soon', {}, new RetryTask({ in: 101 }), 0, { kind: 'retry', inMs: 101 }],
  ['RetryTask within its limit', { retries: 3 }, new RetryTask(), 2, AGAIN],
  ['RetryTask at its limit', { retries: 3 }, new RetryTask(), 3, DEAD],
  ['RetryTask where nothing is tried again', { retries: 0 }, new RetryTask(), 0, DEAD],
  ['RetryTask that is none of retryOn', { retries: 1, retryOn: [Transient] }, new RetryTask(), 0, AGAIN],
  ['RetryTask that is one of dropOn', { dropOn: [RetryTask] }, new RetryTask(), 0, DROP],
  ['RetryTask with a time', {}, new RetryTask({ in: '30s' }), 0, { kind: 'retry', inMs: 30_000 }],
  ['RetryTask at once, within its limit', { retries: 1 }, new RetryTask({ in: 0 }), 0, { kind: 'retry', inMs: 0 }],
  [
    'RetryTask beyond maxBackoff',
    { maxBackoff: 1 },
    new RetryTask({ in: '1d' }),
    0,
    { kind: 'retry', inMs: 86_400_000 },
  ],
  // as thrown after a soft timeout
  ['a thrown SoftTimeoutError of another task', { retries: 1 }, soft, 0, AGAIN],
];

describe('decide', () => {
  it.each(DECISIONS)('%s', (_what, options, error, failures, decision) => {
    const policy = new TaskPolicy([WAIT, options]);
    expect(policy.decide({ error, failures, softTimedOut: false })).toEqual(
      options.maxBackoff === 1 && decision === AGAIN ? { kind: 'retry', inMs: 1 } : decision,
    );
  });

  it.each<Row>([
    ['dead, although it has retries', { retries: 5 }, soft, 0, DEAD],
    ['dead with any other error', { retries: 5 }, transient, 0, DEAD],
    ['dead, although retryOn names it', { retries: 5, retryOn: [SoftTimeoutError] }, soft, 0, DEAD],
    ['tried again where that is wanted', { retries: 5, retryOnSoftTimeout: true }, soft, 0, AGAIN],
    ['tried again with any error', { retries: 5, retryOnSoftTimeout: true, retryOn: [] }, hopeless, 0, AGAIN],
    ['dead without retries', { retryOnSoftTimeout: true }, soft, 0, DEAD],
    ['dead with retries used up', { retries: 1, retryOnSoftTimeout: true }, soft, 1, DEAD],
    ['tried again when it asks', { retries: 5 }, new RetryTask(), 0, AGAIN],
    ['dropped when it asks', { retries: 5, retryOnSoftTimeout: true }, new DropTask(), 0, DROP],
    ['dropped by dropOn', { retries: 5, retryOnSoftTimeout: true, dropOn: [Hopeless] }, hopeless, 0, DROP],
  ])('after its soft timeout: %s', (_what, options, error, failures, decision) => {
    const policy = new TaskPolicy([WAIT, options]);
    expect(policy.decide({ error, failures, softTimedOut: true })).toEqual(decision);
  });

  it.each<[string, PolicyOptions, number, Decision]>([
    ['no retries', {}, 0, DEAD],
    ['retries', { retries: 1 }, 0, AGAIN],
    ['retries used up', { retries: 1 }, 1, DEAD],
    ['retryOn without it', { retries: 1, retryOn: [Transient] }, 0, DEAD],
    ['retryOn with it', { retries: 1, retryOn: [HardTimeoutError] }, 0, AGAIN],
    ['dropOn with it', { retries: 1, dropOn: [HardTimeoutError] }, 0, DROP],
    ['retryOnSoftTimeout, which is another matter', { retries: 1, retryOnSoftTimeout: true, retryOn: [] }, 0, DEAD],
  ])('after its hard timeout: %s', (_what, options, failures, decision) => {
    expect(new TaskPolicy([WAIT, options]).afterHardTimeout('Some.task', failures)).toEqual(decision);
  });

  it('waits by the number of the attempt that failed, from 1', () => {
    const policy = new TaskPolicy([{ retries: 9, backoff: (attempt) => attempt }]);
    const waits = [0, 1, 5].map((failures) => policy.decide({ error: transient, failures, softTimedOut: false }));
    expect(waits).toEqual([1, 2, 6].map((inMs) => ({ kind: 'retry', inMs })));
  });

  it('draws from one second, doubled each time, up to an hour, without options', () => {
    const policy = new TaskPolicy([{ retries: 1_000 }]);
    for (const [failures, most] of [
      [0, 1_000],
      [3, 8_000],
      [999, 3_600_000],
    ] as const) {
      for (let drawn = 0; drawn < 50; drawn += 1) {
        const decision = policy.decide({ error: transient, failures, softTimedOut: false });
        expect(decision.kind === 'retry' && decision.inMs <= most && decision.inMs >= 0).toBe(true);
      }
    }
  });

  it.each([
    [
      'throws',
      (): number => {
        throw hopeless;
      },
      hopeless,
    ],
    ['returns nonsense', () => 'soon' as never, expect.objectContaining({ code: 'INVALID_DURATION' })],
    ['returns no number', () => Number.NaN, expect.objectContaining({ code: 'INVALID_DURATION' })],
    ['returns a negative number', () => -1, expect.objectContaining({ code: 'INVALID_DURATION' })],
  ])('with a backoff function that %s uses the default, and reports the error', (_what, backoff, reported) => {
    const policy = new TaskPolicy([{ retries: 1, backoff }]);
    const broken: unknown[] = [];
    const decision = policy.decide({ error: transient, failures: 0, softTimedOut: false }, (error) =>
      broken.push(error),
    );
    expect(decision).toEqual({ kind: 'retry', inMs: expect.any(Number) });
    expect(decision.kind === 'retry' && decision.inMs).toBeLessThanOrEqual(1_000);
    expect(broken).toEqual([reported]);
    // a listener is optional
    expect(policy.decide({ error: transient, failures: 0, softTimedOut: false }).kind).toBe('retry');
  });
});

describe('the durations of a policy', () => {
  const options = { softTimeout: 1, hardTimeout: '1m', expires: '1h', retries: 1 } as const;

  it('are in milliseconds', () => {
    const { softTimeoutMs, hardTimeoutMs, expiresMs } = new TaskPolicy([options]);
    expect([softTimeoutMs, hardTimeoutMs, expiresMs]).toEqual([1, 60_000, 3_600_000]);
  });

  it('are undefined by default', () => {
    const { softTimeoutMs, hardTimeoutMs, expiresMs } = new TaskPolicy([]);
    expect([softTimeoutMs, hardTimeoutMs, expiresMs]).toEqual([undefined, undefined, undefined]);
  });

  it('of a later layer replace those of an earlier one, option by option, but undefined replaces nothing', () => {
    const layers = [
      options,
      { softTimeout: 2, hardTimeout: undefined },
      { expires: undefined, softTimeout: undefined },
    ];
    const { softTimeoutMs, hardTimeoutMs, expiresMs } = new TaskPolicy(layers);
    expect([softTimeoutMs, hardTimeoutMs, expiresMs]).toEqual([2, 60_000, 3_600_000]);
  });
});

describe('a book of policies', () => {
  const queues = new Map<string, PolicyOptions>([['bulk', { expires: 2, softTimeout: 20 }]]);
  const book = new PolicyBook({ expires: 1, softTimeout: 10, hardTimeout: 1_000 }, queues);

  it.each<[string, PolicyOptions, string, CallOptions, number | undefined]>([
    ['the module', {}, 'default', {}, 1],
    ['the queue before the module', {}, 'bulk', {}, 2],
    ['the task before the queue', { expires: 3 }, 'bulk', {}, 3],
    ['the call before the task', { expires: 3 }, 'bulk', { expires: 4 }, 4],
    ['the call before the module', {}, 'elsewhere', { expires: 4 }, 4],
    ['the task when the call has other options', { expires: 3 }, 'bulk', { retries: 4 }, 3],
    ['the queue when task and call have undefined', { expires: undefined }, 'bulk', { expires: undefined }, 2],
  ])('follows %s', (_what, task, queue, call, expiresMs) => {
    expect(book.of(task, 'default', 'here')(queue, call).expiresMs).toBe(expiresMs);
  });

  it('makes the policy of a task once for each queue, and a new one for each call with options', () => {
    const policyOf = book.of({}, 'default', 'here');
    expect(policyOf('bulk', {})).toBe(policyOf('bulk', {}));
    expect(policyOf('bulk', {})).not.toBe(policyOf('default', {}));
    expect(policyOf('bulk', { retries: 1 })).not.toBe(policyOf('bulk', {}));
  });

  it('refuses timeouts that contradict each other, even when they come from different layers', () => {
    const wrong = { code: 'INVALID_OPTION', message: expect.stringContaining('The softTimeout of here (2000 ms)') };
    expect(() => book.of({ softTimeout: '2s' }, 'default', 'here')).toThrow(expect.objectContaining(wrong));
    expect(() => book.of({ hardTimeout: 15 }, 'bulk', 'here')).toThrow('not shorter than the hardTimeout (15 ms)');
    expect(() => book.of({ hardTimeout: 15 }, 'default', 'here')).not.toThrow();
  });
});
