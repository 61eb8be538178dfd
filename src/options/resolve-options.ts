import { availableParallelism } from 'node:os';
import { PolicyBook } from '../policy/policy-book.js';
import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from '../policy/policy-options.js';
import { toBytes } from '../values/byte-size.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';
import { count, duration, filePath, invalid, isPlainObject, optional, shown } from '../values/option-values.js';
import { servedQueues, unknownQueue } from '../values/queue-names.js';
import { assertNamespace, assertQueueName } from '../values/task-name.js';
import type {
  GlobalEnhancerKinds,
  QueueOptions,
  ResolvedTaskQueueOptions,
  ResolvedWorkerOptions,
  TaskQueueOptions,
  WorkerOptions,
} from './options.js';
import { resolveRedis } from './redis-options.js';

const MIN_LEASE_MS = 1_000;
const MIN_BOOT_TIMEOUT_MS = 1_000;
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
  'bootTimeout',
  'maxMemoryPerChild',
  'maxMemoryPercent',
  'shutdownGrace',
  'cancelGrace',
  'lease',
  'entry',
];
const IN_PROCESS = 'the option `inProcess` of TaskQueueModule';
const IN_PROCESS_OPTIONS = ['concurrency', 'queues', 'excludeQueues', 'shutdownGrace', 'cancelGrace', 'lease'];
const MAX_CHILDREN = 1_024;
const MAX_CONCURRENCY = 1_000;
const MAX_REPLICAS = 100;

/** Checks the options and fills in the defaults. The only place that knows them. */
export function resolveTaskQueueOptions(options: TaskQueueOptions): ResolvedTaskQueueOptions {
  assertKnownOptions(options, TASK_QUEUE_OPTIONS, 'TaskQueueModule', placeInModule);
  const { redis: given = 'redis://127.0.0.1:6379', namespace = 'nestwork', defaultQueue = 'default' } = options;
  const redis = resolveRedis(given);
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
  const listed: QueueOptions[] = given.map((queue: unknown, index) => {
    if (!isPlainObject(queue)) return { name: queue as string };
    assertOptionsObject(queue, `queues[${index}] of TaskQueueModule`);
    return queue as QueueOptions;
  });
  const queues = listed.map(({ name }) => name);
  for (const queue of queues) assertQueueName(queue);
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
  assertKnownOptions(options, [...WORKER_OPTIONS, 'logger'], 'WorkerFactory.run', placeOfWorker);
  assertQueueList('queues', options.queues ?? []);
  assertQueueList('excludeQueues', options.excludeQueues ?? []);
  return {
    children: count('children', options.children ?? availableParallelism(), MAX_CHILDREN),
    concurrency: count('concurrency', options.concurrency ?? 1, MAX_CONCURRENCY),
    queues: options.queues,
    excludeQueues: options.excludeQueues ?? [],
    maxTasksPerChild: optional(options.maxTasksPerChild, (most) => count('maxTasksPerChild', most, 1e9)),
    bootTimeoutMs: optional(options.bootTimeout, (time) => duration('bootTimeout', time, MIN_BOOT_TIMEOUT_MS)),
    maxBytesPerChild: optional(options.maxMemoryPerChild, (size) => toBytes(size, 'maxMemoryPerChild')),
    maxMemoryPercent: optional(options.maxMemoryPercent, (percent) => count('maxMemoryPercent', percent, 100)),
    shutdownGraceMs: duration('shutdownGrace', options.shutdownGrace ?? '25s', 0),
    cancelGraceMs: duration('cancelGrace', options.cancelGrace ?? '5s', 0),
    leaseMs: duration('lease', options.lease ?? '30s', MIN_LEASE_MS),
    entry: optional(options.entry, (entry) => filePath('entry', entry)),
  };
}

function assertQueueList(option: string, queues: unknown): void {
  if (!Array.isArray(queues)) throw invalid(option, 'is not a list', "Give names like ['default'].");
  for (const queue of queues) assertQueueName(queue);
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
