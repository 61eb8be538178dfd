import { availableParallelism } from 'node:os';
import type { TaskQueueOptions, WorkerOptions } from '../../src/options/options.js';
import { resolveTaskQueueOptions, resolveWorkerOptions } from '../../src/options/resolve-options.js';
import { servedQueues } from '../../src/values/queue-names.js';

/** As the adapters of nestwork/outbox return it. */
const DATABASE = { dialect: 'postgres', execute: async () => [], transaction: async () => undefined };

describe('the options of TaskQueueModule', () => {
  it('have defaults', () => {
    expect(resolveTaskQueueOptions({})).toMatchObject({
      redis: { host: '127.0.0.1', port: 6379 },
      namespace: 'nestwork',
      queues: ['default'],
      replicas: 0,
      defaultQueue: 'default',
      commandTimeoutMs: 5_000,
    });
  });

  it('take a retention longer than any timer', () => {
    const options = resolveTaskQueueOptions({ deadRetention: '90d', maxDead: 100_000 });
    expect(options).toMatchObject({ deadRetentionMs: 90 * 86_400_000, maxDead: 100_000 });
  });

  it.each<[TaskQueueOptions]>([
    [{ redis: { host: 'redis.example', port: 6380 } }],
    [{ queues: ['critical', 'default', 'bulk'] }],
    [{ queues: ['bulk'], defaultQueue: 'bulk' }],
    [{ namespace: 'shop-production_2.eu' }],
  ])('take %j as it is', (options) => {
    expect(resolveTaskQueueOptions(options)).toMatchObject(options);
  });

  it.each<[unknown, string, string]>([
    [{ redis: 'localhost:6379' }, 'INVALID_OPTION', '`redis`'],
    [{ redis: 'http://localhost' }, 'INVALID_OPTION', '`redis`'],
    [{ redis: 'redis://localhost:port' }, 'INVALID_OPTION', '`redis`'],
    [{ redis: '' }, 'INVALID_OPTION', '`redis`'],
    [{ redis: 6379 }, 'INVALID_OPTION', '`redis`'],
    [{ redis: null }, 'INVALID_OPTION', '`redis`'],
    [{ redis: ['localhost'] }, 'INVALID_OPTION', '`redis`'],
    [{ redis: new Map([['host', 'localhost']]) }, 'INVALID_OPTION', '`redis`'],
    [new Map([['queues', ['default']]]), 'INVALID_OPTION', 'class Map'],
    [{ queues: [new Map([['name', 'default']])] }, 'INVALID_OPTION', 'queues[0]'],
    [{ defaults: new Map([['retries', 3]]) }, 'INVALID_OPTION', '`defaults`'],
    [{ applyGlobalEnhancers: new Set(['guards']) }, 'INVALID_OPTION', '`applyGlobalEnhancers`'],
    [{ inProcess: new Map([['concurrency', 3]]) }, 'INVALID_OPTION', '`inProcess`'],
    [{ inbox: {} }, 'INVALID_OPTION', '`inbox.database` is undefined, and no database'],
    [{ inbox: { database: { dialect: 'oracle' } } }, 'INVALID_OPTION', "`inbox.database` has the dialect 'oracle'"],
    [{ inbox: { database: DATABASE, keep: '1m' } }, 'INVALID_OPTION', '`inbox.keep` is 60000 ms'],
    [{ inbox: { database: DATABASE, table: 'a b' } }, 'INVALID_NAME', "'a b' is not a valid name of a table"],
    [{ inbox: { database: DATABASE, relay: true } }, 'INVALID_OPTION', 'no option "relay"'],
    [{ namespace: '' }, 'INVALID_NAME', "'' is not a valid namespace"],
    [{ namespace: '{shop}' }, 'INVALID_NAME', "'{shop}' is not a valid namespace"],
    [{ namespace: 7 }, 'INVALID_NAME', '7 is not a valid namespace'],
    [{ queues: [] }, 'INVALID_OPTION', '`queues`'],
    [{ queues: 'default' }, 'INVALID_OPTION', '`queues`'],
    [{ queues: ['default', 'my queue'] }, 'INVALID_NAME', "'my queue' is not a valid queue name"],
    [{ queues: ['default', 7] }, 'INVALID_NAME', '7 is not a valid queue name'],
    [{ queues: ['default', 'bulk', 'bulk'] }, 'INVALID_OPTION', '"bulk" twice'],
    [{ queues: ['critical', 'bulk'] }, 'INVALID_OPTION', '`defaultQueue` is not set'],
    [{ concurency: 10 }, 'INVALID_OPTION', 'no option "concurency"'],
    [
      { retries: 3 },
      'INVALID_OPTION',
      'under `defaults`, for all tasks: TaskQueueModule.forRoot({ defaults: { retries: ... } })',
    ],
    [{ retryOn: [] }, 'INVALID_OPTION', "or to one queue: queues: [{ name: 'default', retryOn: ... }]"],
    [{ concurrency: 3 }, 'INVALID_OPTION', 'WorkerFactory.run(AppModule, { concurrency: ... }), or `inProcess`'],
    [{ children: 3 }, 'INVALID_OPTION', 'WorkerFactory.run(AppModule, { children: ... }).'],
    [{ deadRetention: 0 }, 'INVALID_OPTION', '`deadRetention` is 0 ms'],
    [{ deadRetention: '999ms' }, 'INVALID_OPTION', '`deadRetention`'],
    [{ deadRetention: 'for ever' }, 'INVALID_DURATION', "deadRetention is 'for ever'"],
    [{ maxDead: 0 }, 'INVALID_OPTION', '`maxDead` is 0'],
    [{ maxDead: 1.5 }, 'INVALID_OPTION', '`maxDead`'],
    [{ defaultQueue: 'bulk' }, 'UNKNOWN_QUEUE', '"bulk", named by the option `defaultQueue`'],
    [{ commandTimeout: 0 }, 'INVALID_OPTION', '`commandTimeout`'],
    [{ commandTimeout: 'soon' }, 'INVALID_DURATION', "commandTimeout is 'soon'"],
    [{ commandTimeout: -1 }, 'INVALID_DURATION', 'commandTimeout is -1'],
    // a timer of Node.js that is to wait longer than 2^31 - 1 ms fires at once
    [{ commandTimeout: '25d' }, 'INVALID_OPTION', '`commandTimeout`'],
    [undefined, 'INVALID_OPTION', 'TaskQueueModule'],
    [null, 'INVALID_OPTION', 'TaskQueueModule'],
  ])('refuse %p with %s', (options, code, offender) => {
    expect(() => resolveTaskQueueOptions(options as TaskQueueOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(offender) }),
    );
  });

  it('name the declared queues where one is unknown', () => {
    const options = { queues: ['critical', 'bulk'], defaultQueue: 'default' };
    expect(() => resolveTaskQueueOptions(options)).toThrow('Use one of: critical, bulk.');
  });
});

describe('the options of WorkerFactory.run', () => {
  it('have defaults', () => {
    expect(resolveWorkerOptions({})).toEqual({
      children: { min: availableParallelism(), max: availableParallelism(), shrinkAfterMs: 0 },
      concurrency: 1,
      queues: undefined,
      excludeQueues: [],
      bootTimeoutMs: undefined,
      shutdownGraceMs: 25_000,
      cancelGraceMs: 5_000,
      leaseMs: 30_000,
      metrics: true,
    });
  });

  it.each<[WorkerOptions['children'], object]>([
    [3, { min: 3, max: 3, shrinkAfterMs: 0 }],
    [{ max: 8 }, { min: 1, max: 8, shrinkAfterMs: 60_000 }],
    [
      { min: 2, max: 2, shrinkAfter: '5s' },
      { min: 2, max: 2, shrinkAfterMs: 5_000 },
    ],
    [{ min: 1_000 }, { min: 1_000, max: 1_000, shrinkAfterMs: 60_000 }],
    [{}, { min: 1, max: availableParallelism(), shrinkAfterMs: 60_000 }],
  ])('take %p as a number of children', (children, resolved) => {
    expect(resolveWorkerOptions({ children: children as number }).children).toEqual(resolved);
  });

  it.each<[unknown, string, string]>([
    ...[0, -1, 1.5, 1_025, Number.NaN, '4'].flatMap((count): [unknown, string, string][] => [
      [{ children: count }, 'INVALID_OPTION', '`children`'],
      [{ concurrency: count }, 'INVALID_OPTION', '`concurrency`'],
    ]),
    [{ children: [1, 8] }, 'INVALID_OPTION', '`children` is'],
    [{ children: { most: 8 } }, 'INVALID_OPTION', 'no option "most"'],
    [{ children: { min: 0 } }, 'INVALID_OPTION', '`children.min` is 0'],
    [{ children: { min: 1.5 } }, 'INVALID_OPTION', '`children.min` is 1.5'],
    [{ children: { max: 2_000 } }, 'INVALID_OPTION', '`children.max` is 2000'],
    [{ children: { max: '8' } }, 'INVALID_OPTION', "`children.max` is '8'"],
    [{ children: { min: 3, max: 2 } }, 'INVALID_OPTION', '`children.min` is 3, more than `children.max`, which is 2'],
    [{ children: { shrinkAfter: 10 } }, 'INVALID_OPTION', '`children.shrinkAfter` is 10 ms'],
    [{ children: { shrinkAfter: 'late' } }, 'INVALID_DURATION', "children.shrinkAfter is 'late'"],
    [{ maxTasksPerChild: 0 }, 'INVALID_OPTION', '`maxTasksPerChild`'],
    [{ maxMemoryPercent: 101 }, 'INVALID_OPTION', '`maxMemoryPercent`'],
    [{ maxMemoryPerChild: 'lots' }, 'INVALID_OPTION', 'maxMemoryPerChild'],
    [{ bootTimeout: '500ms' }, 'INVALID_OPTION', '`bootTimeout`'],
    [{ bootTimeout: 'soon' }, 'INVALID_DURATION', "bootTimeout is 'soon'"],
    [{ bootTimeout: '25d' }, 'INVALID_OPTION', '`bootTimeout`'],
    [{ lease: '10ms' }, 'INVALID_OPTION', '`lease`'],
    [{ lease: 'long' }, 'INVALID_DURATION', "lease is 'long'"],
    [{ metrics: 'false' }, 'INVALID_OPTION', "`metrics` is 'false'"],
    [{ entry: '' }, 'INVALID_OPTION', '`entry`'],
    [{ entry: 7 }, 'INVALID_OPTION', '`entry` is 7'],
    [{ entry: 'https://host/worker.js' }, 'INVALID_OPTION', '`entry`'],
    [{ entry: new URL('https://host/worker.js') }, 'INVALID_OPTION', '`entry`'],
    [{ entry: 'file://host/worker.js' }, 'INVALID_OPTION', '`entry`'],
    // it is renewed by a timer each lease/6
    [{ lease: '26w' }, 'INVALID_OPTION', '`lease`'],
    [{ shutdownGrace: 'soon' }, 'INVALID_DURATION', "shutdownGrace is 'soon'"],
    [{ shutdownGrace: '25d' }, 'INVALID_OPTION', '`shutdownGrace`'],
  ])('refuse %p with %s', (options, code, offender) => {
    expect(() => resolveWorkerOptions(options as WorkerOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(offender) }),
    );
  });
});

it.each([
  ['dist/worker.js', 'dist/worker.js'],
  ['file:///srv/a%20b/worker.js', '/srv/a b/worker.js'],
  [new URL('file:///srv/worker.js'), '/srv/worker.js'],
])('`entry` of WorkerFactory.run takes %p for a path', (entry, path) => {
  expect(resolveWorkerOptions({ entry }).entry).toBe(path);
});

describe('the queues that a worker serves', () => {
  const all = ['critical', 'default', 'bulk'];

  it.each<[WorkerOptions, string[]]>([
    [{}, all],
    [{ queues: ['bulk', 'critical'] }, ['critical', 'bulk']],
    [{ excludeQueues: ['critical'] }, ['default', 'bulk']],
    [{ queues: ['default', 'bulk'], excludeQueues: ['bulk'] }, ['default']],
  ])('are, with %j, in the order of the app: %j', (options, served) => {
    expect(servedQueues(all, resolveWorkerOptions(options))).toEqual(served);
  });

  it.each<[WorkerOptions, string, string]>([
    [{ queues: ['nope'] }, 'UNKNOWN_QUEUE', '"nope", named by the options of WorkerFactory.run'],
    [{ excludeQueues: ['nope'] }, 'UNKNOWN_QUEUE', '"nope", named by the options of WorkerFactory.run'],
    [{ queues: [] }, 'INVALID_OPTION', 'leave no queue'],
    [{ excludeQueues: all }, 'INVALID_OPTION', 'leave no queue'],
  ])('cannot be those of %j: %s', (options, code, offender) => {
    expect(() => servedQueues(all, resolveWorkerOptions(options))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(offender) }),
    );
  });
});
