import { Logger } from '@nestjs/common';
import { of } from 'rxjs';
import { PolicyBook } from '../../src/policy/policy-book.js';
import type { PolicyOptions } from '../../src/policy/policy-options.js';
import { DropTask, RetryTask } from '../../src/policy/task-errors.js';
import type { TaskHookProvider } from '../../src/task/task-hooks.js';
import { LogOnce } from '../../src/values/log-once.js';
import { describeError } from '../../src/worker/describe-error.js';
import { Executor, isFailure, logBrokenBackoff, type Outcome } from '../../src/worker/executor.js';
import { lineOf, reportOf } from '../../src/worker/failure-record.js';
import { claimed, registry } from './messages.js';

const harm = (): never => {
  throw new Error('harm');
};
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const trapped = (target: object): object =>
  new Proxy(target, { get: harm, getPrototypeOf: harm, getOwnPropertyDescriptor: harm, has: harm, ownKeys: harm });
const errorWith = (...properties: string[]): Error =>
  Object.defineProperties(new Error('no'), Object.fromEntries(properties.map((name) => [name, { get: harm }])));

/** Values that a handler may throw, made anew for each test. */
const HOSTILE: [name: string, make: () => unknown][] = [
  ['a revoked proxy of an error', () => revoked(new Error('x'))],
  ['a revoked proxy of an array', () => revoked([])],
  ['an error whose traps throw', () => trapped(new Error('x'))],
  ['an error whose getters throw', () => errorWith('stack', 'message', 'name', 'cause', 'errors', 'code', 'issues')],
  ['an object whose conversions throw', () => ({ toString: harm, [Symbol.toPrimitive]: harm, toJSON: harm })],
  [
    'an error whose members are hostile',
    () => Object.assign(new Error('x'), { cause: revoked({}), errors: revoked([]), code: revoked({}) }),
  ],
  ['an error with hostile errors', () => new AggregateError([revoked({}), trapped({})], '')],
  ['a frozen error', () => Object.freeze(new Error('x'))],
  ['a function', () => harm],
  ['a symbol', () => Symbol('x')],
  ['null', () => null],
  ['undefined', () => undefined],
  ['a huge string', () => 'x'.repeat(10_000_000)],
  ['RetryTask whose time cannot be read', () => Object.defineProperty(new RetryTask(), 'inMs', { get: harm })],
  [
    'a proxy that is its own prototype',
    () => {
      const self: object = new Proxy({}, { getPrototypeOf: () => self });
      return self;
    },
  ],
];

let lines: string[];
beforeEach(() => {
  lines = [];
  const log = (line: string): number => lines.push(line);
  Logger.overrideLogger({ log, warn: log, error: log });
});
afterEach(() => Logger.overrideLogger(false));

async function attempt(
  handler: () => unknown,
  policy: PolicyOptions = {},
  hooks: TaskHookProvider[] = [],
): Promise<Outcome> {
  const executor = new Executor(registry({ 'Some.task': handler }, policy), hooks, logBrokenBackoff);
  const prepared = executor.prepare(claimed('Some.task'));
  if (isFailure(prepared)) throw new Error('not prepared');
  return executor.run(prepared);
}

describe.each(HOSTILE)('%s', (_what, make) => {
  const failing = (policy?: PolicyOptions, hooks?: TaskHookProvider[]): Promise<Outcome> =>
    attempt(
      () => {
        throw make();
      },
      policy,
      hooks,
    );

  it('that is thrown fails the attempt, with a record', async () => {
    const outcome = await failing();
    if (outcome.kind !== 'failed') throw new Error('not failed');
    const { error } = describeError(outcome.error);
    expect(error).not.toBe('');
    expect(error.length).toBeLessThanOrEqual(2_000);
    expect(JSON.parse(JSON.stringify(reportOf(outcome)))).toMatchObject({ error });
    expect(JSON.parse(lineOf(outcome, 0))).toMatchObject({ at: 0 });
  });

  it('that is thrown is tried again when no class in `dropOn` matches', async () => {
    expect(
      await failing({ retries: 1, dropOn: [TypeError, DropTask], backoff: { type: 'fixed', delay: 7 } }),
    ).toMatchObject({
      decision: { kind: 'retry', inMs: 7 },
    });
  });

  it('that is thrown matches no class in `retryOn` and `dropOn`', async () => {
    expect(await failing({ retries: 0, retryOn: [RangeError], dropOn: [RangeError] })).toMatchObject({
      decision: { kind: 'dead' },
    });
  });

  it('that hooks, wrappers and backoff functions throw or return changes nothing', async () => {
    const bad = (): never => {
      throw make();
    };
    const hook = { onTaskStart: bad, onTaskSuccess: bad, onTaskFailure: bad } as TaskHookProvider;
    expect(await attempt(() => 'fine', {}, [hook])).toMatchObject({ kind: 'done' });
    const backoff = (): never => make() as never;
    for (const broken of [bad, backoff]) {
      expect(await failing({ retries: 1, backoff: broken, maxBackoff: 0 }, [hook])).toMatchObject({
        decision: { kind: 'retry', inMs: expect.any(Number) },
      });
    }
    const refusing: TaskHookProvider = { wrapTask: bad };
    expect(await attempt(() => 'fine', {}, [refusing])).toMatchObject({ kind: 'failed', attempted: true });
  });

  it('is logged once as an error', () => {
    const logged: string[] = [];
    new LogOnce((text) => logged.push(text)).about(make());
    expect(logged).toHaveLength(1);
  });
});

describe('a hostile value that a handler returns', () => {
  it.each<[string, () => unknown, string]>([
    ['a thenable that throws', () => Object.fromEntries([['then', harm]]), 'failed'],
    ['a thenable that cannot be read', () => Object.defineProperty({}, 'then', { get: harm }), 'failed'],
    ['a revoked proxy', () => revoked({}), 'failed'],
    ['a stream that cannot be subscribed to', () => Object.assign(of(1), { subscribe: harm }), 'failed'],
    ['a strict proxy', () => new Proxy({}, { get: (_target, key) => (key === 'then' ? undefined : harm()) }), 'done'],
  ])('ends the attempt: %s', async (_what, handler, kind) => {
    expect(await attempt(handler)).toMatchObject({ kind });
  });

  it('does not end the process when a backoff function returns a promise that rejects', async () => {
    const backoff = (() => Promise.reject(new Error('harm'))) as never;
    // Jest fails a test that leaves a rejection unhandled
    expect(
      await attempt(
        () => {
          throw new Error('no');
        },
        { retries: 1, backoff },
      ),
    ).toMatchObject({ decision: { kind: 'retry' } });
    await new Promise(setImmediate);
    expect(lines).toEqual([
      expect.stringMatching(/^A `backoff` function failed, so the default was used: .*INVALID_DURATION/),
    ]);
  });
});

describe('a wrapper', () => {
  it('that neither awaits next() nor returns leaves no unhandled rejection', async () => {
    const careless: TaskHookProvider = {
      wrapTask: (_task, next) => {
        void next();
        throw new Error('refused');
      },
    };
    const unhandled: unknown[] = [];
    const listen = (error: unknown): number => unhandled.push(error);
    process.on('unhandledRejection', listen);
    const outcome = await attempt(async () => harm(), {}, [careless, careless]);
    await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect(outcome).toMatchObject({ kind: 'failed', error: new Error('refused') });
    expect(unhandled).toEqual([]);
  });
});

describe('hooks', () => {
  it('of an object without a class fail without an effect on the task', async () => {
    const hook = Object.assign(Object.create(null) as object, { onTaskSuccess: harm }) as TaskHookProvider;
    expect(await attempt(() => {}, {}, [hook])).toMatchObject({ kind: 'done' });
    expect(lines).toEqual([
      expect.stringMatching(/^A hook of an object without a class failed at Some\.task .*: Error: harm$/),
    ]);
  });

  it('fail without an effect on the task when the logger of the app throws', async () => {
    Logger.overrideLogger({ log: harm, warn: harm, error: harm });
    expect(await attempt(() => {}, {}, [{ onTaskSuccess: harm }])).toMatchObject({ kind: 'done' });
    const backoff = harm as () => never;
    const policy = new PolicyBook({}, new Map()).of({ retries: 1, backoff }, 'default', 'Some.task');
    const decision = policy('default', {}).decide({ error: 1, failures: 0, softTimedOut: false }, logBrokenBackoff);
    expect(decision).toMatchObject({ kind: 'retry' });
  });
});
