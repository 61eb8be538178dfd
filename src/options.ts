import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import type { RedisSettings } from './broker/broker.js';
import { NestworkError } from './errors.js';
import { type ByteSize, toBytes } from './task/byte-size.js';
import { type Duration, toMilliseconds } from './task/duration.js';
import type { GivenHeaders } from './task/headers.js';
import { assertKnownOptions } from './task/known-options.js';
import { PolicyBook } from './task/policy-book.js';
import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from './task/policy-options.js';
import type { TaskInfo } from './task/task-hooks.js';
import { assertNamespace, assertQueueName } from './task/task-name.js';

/** Token of the options with their defaults, checked. */
export const RESOLVED_OPTIONS = Symbol.for('nestwork:options');

/**
 * Options of `TaskQueueModule.forRoot`.
 *
 * @example
 * const options: TaskQueueOptions = {
 *   redis: process.env.REDIS_URL,
 *   queues: ['critical', { name: 'default', retries: 3 }, 'bulk'],
 * };
 * TaskQueueModule.forRoot(options);
 */
export interface TaskQueueOptions {
  /**
   * URL of the Redis server, or the options of ioredis (plain data: they are handed to the supervisor process).
   * @default 'redis://127.0.0.1:6379'
   */
  redis?: RedisSettings;
  /**
   * The queues of the app, by name or with options of their own; the order is their priority.
   * @default ['default']
   */
  queues?: readonly (string | QueueOptions)[];
  /**
   * Timeouts and retries of all tasks, unless their queue, the task or the call says otherwise.
   * @default none
   */
  defaults?: PolicyOptions;
  /**
   * Queue of tasks that name none.
   * @default 'default'
   */
  defaultQueue?: string;
  /**
   * Prefix of every Redis key; apps that share one see each other's tasks.
   * @default 'nestwork'
   */
  namespace?: string;
  /**
   * How long `delay()`, and every other command, waits for Redis before it rejects.
   * @default '5s'
   */
  commandTimeout?: Duration;
  /**
   * Replicas that must have a task before `delay()` resolves; against the loss of a primary that fails right after it.
   * Each call then takes one more round trip, and rejects with ENQUEUE_UNCONFIRMED when too few replicas answer in time.
   * @default 0
   */
  replicas?: number;
  /**
   * How long dead tasks are kept; workers remove older ones.
   * @default none: for ever
   */
  deadRetention?: Duration;
  /**
   * How many dead tasks of each queue are kept, the youngest; workers remove the others.
   * @default none: all
   */
  maxDead?: number;
  /**
   * Whether the global interceptors, pipes and filters of the app (`APP_INTERCEPTOR`, `useGlobalPipes()` and so on) run
   * around tasks as well. `true` leaves out guards, which are mostly made for requests; an object names the kinds that apply.
   * @default false
   * @example
   * TaskQueueModule.forRoot({ applyGlobalEnhancers: { interceptors: true, guards: true } });
   */
  applyGlobalEnhancers?: boolean | Partial<GlobalEnhancerKinds>;
  /**
   * Headers for whatever is sent, such as a tenant or a trace id. Asked at each `delay()` and `delayMany()`, in the
   * caller's async context, so an AsyncLocalStorage can be read; `task` is the task within which the call is made, if it
   * is. Headers of the call itself come first. If it throws, the call rejects with PROPAGATE_FAILED and nothing is sent.
   * @default none
   * @example
   * const tenants = new AsyncLocalStorage<string>();
   * TaskQueueModule.forRoot({ propagate: (task) => ({ tenant: tenants.getStore() ?? task?.headers.tenant }) });
   */
  propagate?: (task: TaskInfo | undefined) => GivenHeaders | undefined;
  /**
   * Runs a worker in the process of the app itself, from the end of its bootstrap hooks until it is closed: for
   * development and small deployments. Each process that boots the module then consumes tasks, so decide by the
   * environment. Everything holds but what takes a process of its own: a task that blocks holds up the whole app, one
   * that runs beyond its hard timeout is told by its signal and cannot be ended, and one that kills its process takes the
   * app with it, uncounted. Call `app.enableShutdownHooks()`. Ignored in the children of `WorkerFactory.run`.
   * @default false
   * @example
   * TaskQueueModule.forRoot({ inProcess: process.env.NODE_ENV === 'development' && { concurrency: 5 } })
   */
  inProcess?: boolean | InProcessOptions;
}

/**
 * A class that makes the options, for `forRootAsync({ useClass })` or `useExisting`.
 *
 * @example
 * @Injectable()
 * class QueueSettings implements TaskQueueOptionsFactory {
 *   createTaskQueueOptions(): TaskQueueOptions {
 *     return { redis: process.env.REDIS_URL, queues: ['default', 'bulk'] };
 *   }
 * }
 */
export interface TaskQueueOptionsFactory {
  /** Called once, while the app starts. */
  createTaskQueueOptions(): TaskQueueOptions | Promise<TaskQueueOptions>;
}

/**
 * Which global enhancers of the app apply to tasks.
 *
 * @example
 * const applyGlobalEnhancers: Partial<GlobalEnhancerKinds> = { interceptors: true, filters: true };
 * TaskQueueModule.forRoot({ applyGlobalEnhancers });
 */
export interface GlobalEnhancerKinds {
  /** those of `APP_GUARD` and `useGlobalGuards()`, which are mostly made for requests */
  guards: boolean;
  /** those of `APP_INTERCEPTOR` and `useGlobalInterceptors()` */
  interceptors: boolean;
  /** those of `APP_PIPE` and `useGlobalPipes()` */
  pipes: boolean;
  /** those of `APP_FILTER` and `useGlobalFilters()` */
  filters: boolean;
}

/**
 * Options of a worker that shares the process of the app; those of `WorkerFactory.run` that need no children.
 *
 * @example
 * const inProcess: InProcessOptions = { concurrency: 5, queues: ['default'] };
 * TaskQueueModule.forRoot({ inProcess });
 */
export interface InProcessOptions
  extends Pick<WorkerOptions, 'concurrency' | 'queues' | 'excludeQueues' | 'shutdownGrace' | 'cancelGrace' | 'lease'> {}

/**
 * A queue, with timeouts and retries of the tasks in it.
 *
 * @example
 * const bulk: QueueOptions = { name: 'bulk', retries: 10, backoff: '1m', hardTimeout: '10m' };
 * TaskQueueModule.forRoot({ queues: ['default', bulk] });
 */
export interface QueueOptions extends PolicyOptions {
  /** 1 to 100 characters of A-Z, a-z, 0-9, "_", "." and "-" */
  name: string;
}

/**
 * Options of `WorkerFactory.run`.
 *
 * @example
 * const options: WorkerOptions = { children: 4, concurrency: 10, shutdownGrace: '1m' };
 * await WorkerFactory.run(AppModule, options);
 */
export interface WorkerOptions {
  /**
   * Forked children that run tasks.
   * @default the number of cores
   */
  children?: number;
  /**
   * Tasks that one child runs at the same time; more than 1 helps tasks that wait, not those that compute.
   * @default 1
   */
  concurrency?: number;
  /**
   * Serve only these queues of the app; the order of the app stays.
   * @default all of them
   */
  queues?: readonly string[];
  /**
   * Serve all queues but these.
   * @default none
   */
  excludeQueues?: readonly string[];
  /**
   * Tasks after which a child is replaced, against leaks. It works on until its replacement has booted.
   * @default none: it lives on
   */
  maxTasksPerChild?: number;
  /**
   * Resident memory beyond which a child is replaced after its current tasks; bytes, or a size like `'300MB'`.
   * @default none
   */
  maxMemoryPerChild?: ByteSize;
  /**
   * Share of the memory of the container or machine, in percent, that the worker may take; beyond it the biggest child
   * is replaced after its current tasks.
   * @default none
   */
  maxMemoryPercent?: number;
  /**
   * How long running tasks may take to finish after SIGTERM or SIGINT.
   * @default '25s', so that the whole stop fits into the 30 s that container platforms give
   */
  shutdownGrace?: Duration;
  /**
   * How long a task may run on after it was cancelled and its signal aborted, before its process is ended.
   * @default '5s'
   */
  cancelGrace?: Duration;
  /**
   * How long after the death of a whole machine its tasks are given to others. A task that blocks its process keeps its lease.
   * @default '30s'
   */
  lease?: Duration;
}

export type ResolvedTaskQueueOptions = Readonly<{
  redis: RedisSettings;
  queues: readonly string[];
  policies: PolicyBook;
  defaultQueue: string;
  namespace: string;
  commandTimeoutMs: number;
  replicas: number;
  deadRetentionMs: number | undefined;
  maxDead: number | undefined;
  globalEnhancers: GlobalEnhancerKinds;
  propagate: TaskQueueOptions['propagate'];
  inProcess: ResolvedWorkerOptions | undefined;
}>;

export type ResolvedWorkerOptions = Readonly<{
  children: number;
  concurrency: number;
  queues: readonly string[] | undefined;
  excludeQueues: readonly string[];
  maxTasksPerChild: number | undefined;
  maxBytesPerChild: number | undefined;
  maxMemoryPercent: number | undefined;
  shutdownGraceMs: number;
  cancelGraceMs: number;
  leaseMs: number;
}>;

const MIN_LEASE_MS = 1_000;
/** A timer of Node cannot wait longer than 24.8 days, and nobody wants to wait for a day. */
const MAX_WAIT_MS = 86_400_000;
const TASK_QUEUE_OPTIONS = [
  'redis',
  'queues',
  'defaults',
  'defaultQueue',
  'namespace',
  'commandTimeout',
  'replicas',
  'deadRetention',
  'maxDead',
  'applyGlobalEnhancers',
  'propagate',
  'inProcess',
];
const ENHANCER_KINDS = ['guards', 'interceptors', 'pipes', 'filters'];
const WORKER_OPTIONS = [
  'children',
  'concurrency',
  'queues',
  'excludeQueues',
  'maxTasksPerChild',
  'maxMemoryPerChild',
  'maxMemoryPercent',
  'shutdownGrace',
  'cancelGrace',
  'lease',
];
const IN_PROCESS = 'the option `inProcess` of TaskQueueModule';
const IN_PROCESS_OPTIONS = ['concurrency', 'queues', 'excludeQueues', 'shutdownGrace', 'cancelGrace', 'lease'];
const MAX_CHILDREN = 1_024;
const MAX_CONCURRENCY = 1_000;
const MAX_REPLICAS = 100;

/** Checks the options and fills in the defaults. The only place that knows them. */
export function resolveTaskQueueOptions(options: TaskQueueOptions): ResolvedTaskQueueOptions {
  assertKnownOptions(options, TASK_QUEUE_OPTIONS, 'TaskQueueModule', placeInModule);
  const { redis = 'redis://127.0.0.1:6379', namespace = 'nestwork', defaultQueue = 'default' } = options;
  if (
    typeof redis === 'string'
      ? !/^\/(?!\/)/.test(redis) && !(/^(rediss?|unix):\/\//.test(redis) && URL.canParse(redis))
      : !isPlainObject(redis)
  ) {
    throw invalid('redis', 'is neither a redis:// URL nor an object', "Give a URL like 'redis://127.0.0.1:6379'.");
  }
  assertNamespace(namespace);
  const { queues, policies } = resolveQueues(options);
  if (options.defaultQueue === undefined && !queues.includes(defaultQueue)) {
    const remedy = `Set it to one of: ${queues.join(', ')}.`;
    throw invalid('defaultQueue', 'is not set, and none of the `queues` is named "default"', remedy);
  }
  if (!queues.includes(defaultQueue)) throw unknownQueue(defaultQueue, 'the option `defaultQueue`', queues);
  const commandTimeoutMs = duration('commandTimeout', options.commandTimeout ?? '5s', 1);
  const replicas = count('replicas', options.replicas ?? 0, MAX_REPLICAS, 0);
  const deadRetentionMs = optional(options.deadRetention, retention);
  const maxDead = optional(options.maxDead, (most) => count('maxDead', most, 1e9));
  const dead = { deadRetentionMs, maxDead };
  const { propagate } = options;
  if (propagate !== undefined && typeof propagate !== 'function') {
    throw invalid('propagate', 'is no function', "Give one that returns headers: () => ({ tenant: 'acme' }).");
  }
  const inProcess = resolveInProcess(options.inProcess);
  if (inProcess) servedQueues(queues, inProcess, IN_PROCESS);
  const enhancers = globalEnhancers(options.applyGlobalEnhancers);
  const rest = { commandTimeoutMs, replicas, ...dead, globalEnhancers: enhancers, propagate, inProcess };
  return { redis, namespace, queues, policies, defaultQueue, ...rest };
}

/** Where an option belongs that `forRoot` does not have. */
function placeInModule(option: string): string | undefined {
  if (isPolicyOption(option)) {
    const ofAll = `defaults: { ${option}: ... }`;
    return `Give it under \`defaults\`, for all tasks: ${ofAll}; or to one queue: queues: [{ name: 'default', ${option}: ... }].`;
  }
  if (IN_PROCESS_OPTIONS.includes(option)) {
    return `Give it to the worker: WorkerFactory.run(AppModule, { ${option}: ... }), or \`inProcess\`.`;
  }
  return WORKER_OPTIONS.includes(option)
    ? `Give it to the worker: WorkerFactory.run(AppModule, { ${option}: ... }).`
    : undefined;
}

function isPolicyOption(option: string): boolean {
  return POLICY_OPTIONS.some((name) => name === option);
}

/** Where an option belongs that a worker does not have. */
function placeOfWorker(option: string): string | undefined {
  if (TASK_QUEUE_OPTIONS.includes(option)) return `Give it to the module: TaskQueueModule.forRoot({ ${option}: ... }).`;
  return isPolicyOption(option)
    ? `Give it to the module: TaskQueueModule.forRoot({ defaults: { ${option}: ... } }).`
    : undefined;
}

/** Undefined for an app without a worker. */
function resolveInProcess(given: TaskQueueOptions['inProcess']): ResolvedWorkerOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  if (!isPlainObject(options)) {
    throw invalid('inProcess', `is ${shown(options)}, and neither true, false nor an object of options`, [
      'Give options by name: inProcess: { concurrency: 3 }.',
      "Compare what comes from the environment, which is always text: process.env.IN_PROCESS === 'true'.",
    ]);
  }
  const ofChildren = Object.keys(options).find(
    (name) => WORKER_OPTIONS.includes(name) && !IN_PROCESS_OPTIONS.includes(name),
  );
  if (ofChildren) {
    throw invalid(`inProcess.${ofChildren}`, 'is about child processes, and a worker within the app has none', [
      'Leave it out.',
      'Start a worker of its own instead: WorkerFactory.run(AppModule, { ... }).',
    ]);
  }
  assertKnownOptions(options, IN_PROCESS_OPTIONS, IN_PROCESS);
  return resolveWorkerOptions({ ...options, children: 1 });
}

function resolveQueues({ queues: given = ['default'], defaults = {} }: TaskQueueOptions): {
  queues: string[];
  policies: PolicyBook;
} {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('queues', 'is not a list of at least one name', "Give names like ['critical', 'default'].");
  }
  const listed: QueueOptions[] = given.map((queue) => (isPlainObject(queue) ? queue : { name: queue }));
  const queues = listed.map(({ name }) => name);
  queues.forEach(assertQueueName);
  const repeated = queues.find((queue, index) => queues.indexOf(queue) !== index);
  if (repeated !== undefined) throw invalid('queues', `names "${repeated}" twice`, 'Name each queue once.');
  assertKnownOptions(defaults, POLICY_OPTIONS, 'the option `defaults` of TaskQueueModule');
  assertPolicyOptions(defaults, 'the option `defaults` of TaskQueueModule');
  const byQueue = new Map<string, PolicyOptions>();
  for (const { name, ...policy } of listed) {
    assertKnownOptions(policy, POLICY_OPTIONS, `queue "${name}"`);
    assertPolicyOptions(policy, `queue "${name}"`);
    byQueue.set(name, policy);
  }
  return { queues, policies: new PolicyBook(defaults, byQueue) };
}

function globalEnhancers(given: TaskQueueOptions['applyGlobalEnhancers'] = false): GlobalEnhancerKinds {
  if (typeof given === 'boolean') return { guards: false, interceptors: given, pipes: given, filters: given };
  assertKnownOptions(given, ENHANCER_KINDS, 'the option `applyGlobalEnhancers` of TaskQueueModule');
  const wrong = Object.entries(given).find(([, value]) => value !== undefined && typeof value !== 'boolean');
  if (wrong) throw invalid(`applyGlobalEnhancers.${wrong[0]}`, 'is neither true nor false', 'Give one of them.');
  const { guards = false, interceptors = false, pipes = false, filters = false } = given;
  return { guards, interceptors, pipes, filters };
}

/** Checks the options and fills in the defaults. */
export function resolveWorkerOptions(options: WorkerOptions): ResolvedWorkerOptions {
  assertKnownOptions(options, WORKER_OPTIONS, 'WorkerFactory.run', placeOfWorker);
  assertQueueList('queues', options.queues ?? []);
  assertQueueList('excludeQueues', options.excludeQueues ?? []);
  return {
    children: count('children', options.children ?? availableParallelism(), MAX_CHILDREN),
    concurrency: count('concurrency', options.concurrency ?? 1, MAX_CONCURRENCY),
    queues: options.queues,
    excludeQueues: options.excludeQueues ?? [],
    maxTasksPerChild: optional(options.maxTasksPerChild, (most) => count('maxTasksPerChild', most, 1e9)),
    maxBytesPerChild: optional(options.maxMemoryPerChild, (size) => toBytes(size, 'maxMemoryPerChild')),
    maxMemoryPercent: optional(options.maxMemoryPercent, (percent) => count('maxMemoryPercent', percent, 100)),
    shutdownGraceMs: duration('shutdownGrace', options.shutdownGrace ?? '25s', 0),
    cancelGraceMs: duration('cancelGrace', options.cancelGrace ?? '5s', 0),
    leaseMs: duration('lease', options.lease ?? '30s', MIN_LEASE_MS),
  };
}

/** The queues a worker serves, in the app's order. */
export function servedQueues(
  all: readonly string[],
  { queues, excludeQueues }: ResolvedWorkerOptions,
  where = 'the options of WorkerFactory.run',
): string[] {
  for (const queue of [...(queues ?? []), ...excludeQueues]) {
    if (!all.includes(queue)) throw unknownQueue(queue, where, all);
  }
  const served = all.filter((queue) => (queues ?? all).includes(queue) && !excludeQueues.includes(queue));
  if (served.length === 0) {
    throw invalid('queues', 'and `excludeQueues` leave no queue to serve', 'Exclude fewer queues.');
  }
  return served;
}

/** A queue that `TaskQueueModule` does not declare. */
export function unknownQueue(queue: string, where: string, known: readonly string[]): NestworkError {
  return new NestworkError('UNKNOWN_QUEUE', `Queue "${queue}", named by ${where}, is not declared.`, [
    `Use one of: ${known.join(', ')}.`,
    `Add '${queue}' to the \`queues\` of TaskQueueModule.`,
  ]);
}

function optional<T, R>(value: T | undefined, resolve: (value: T) => R): R | undefined {
  return value === undefined ? undefined : resolve(value);
}

function assertQueueList(option: string, queues: unknown): void {
  if (!Array.isArray(queues)) throw invalid(option, 'is not a list', "Give names like ['default'].");
  queues.forEach(assertQueueName);
}

function duration(option: string, value: Duration, leastMs: number): number {
  const milliseconds = toMilliseconds(value, option);
  if (milliseconds >= leastMs && milliseconds <= MAX_WAIT_MS) return milliseconds;
  throw invalid(option, `is ${milliseconds} ms`, `Give a time from ${leastMs} ms to a day, like '30s'.`);
}

/** At least a second: a 0 meant as "no limit" would remove every dead task at once. */
function retention(value: Duration): number {
  const milliseconds = toMilliseconds(value, 'deadRetention');
  if (milliseconds >= 1_000) return milliseconds;
  throw invalid(
    'deadRetention',
    `is ${milliseconds} ms`,
    'Give at least a second, or leave it out to keep them for ever.',
  );
}

function count(option: string, value: number, most: number, least = 1): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(option, `is ${String(value)}`, `Give a whole number from ${least} to ${most}.`);
}

function invalid(option: string, what: string, remedy: string | readonly string[]): NestworkError {
  return new NestworkError('INVALID_OPTION', `The option \`${option}\` ${what}.`, remedy);
}

/** Text in quotes, so that what came from the environment is seen to be text. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : inspect(value, { depth: -1 });
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
