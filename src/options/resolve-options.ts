import type { RedisSettings } from '../broker/port/broker.js';
import { isRelease } from '../cron/cron-definition.js';
import { resolveInbox } from '../outbox/inbox/inbox-options.js';
import { resolveOutbox } from '../outbox/outbox-options.js';
import { resolvePayload } from '../payload/payload-options.js';
import { type LimitAmounts, queueLimitAmounts } from '../policy/limit-options.js';
import { PolicyBook } from '../policy/policy-book.js';
import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from '../policy/policy-options.js';
import { type ByteSize, toBytes } from '../values/byte-size.js';
import { MAX_DURATION_MS } from '../values/duration.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';
import { type Resolved, type Rule, type RulesOf, resolveOptions, rule, time, whole } from '../values/option-rules.js';
import { filePath, invalid, isPlainObject } from '../values/option-values.js';
import { servedQueues, unknownQueue } from '../values/queue-names.js';
import { shown } from '../values/shown.js';
import { assertNamespace, assertQueueName } from '../values/task-name.js';
import { childrenRange } from './children-range.js';
import type { GlobalEnhancerKinds, QueueOptions, TaskQueueOptions, WorkerOptions } from './options.js';
import { resolveRedis } from './redis-options.js';

const WORKER = {
  children: rule(childrenRange),
  concurrency: whole(1, 1_000, 1),
  queues: rule((given: readonly string[] | undefined, option) => given && queueNames(given, option)),
  excludeQueues: rule((given: readonly string[] = [], option) => queueNames(given, option)),
  maxTasksPerChild: whole(1, 1e9),
  bootTimeout: time(1_000),
  maxMemoryPerChild: {
    read: (given: ByteSize | undefined, option) => (given === undefined ? undefined : toBytes(given, option)),
    unit: 'Bytes',
  } as Rule<ByteSize, number | undefined, 'Bytes'>,
  maxMemoryPercent: whole(1, 100),
  shutdownGrace: time(0, '25s'),
  cancelGrace: time(0, '5s'),
  lease: time(1_000, '30s'),
  entry: rule((given: string | URL | undefined, option) => (given === undefined ? undefined : filePath(option, given))),
  metrics: rule((given: boolean | undefined, option) => {
    if (given === undefined || typeof given === 'boolean') return given ?? true;
    throw invalid(option, `is ${shown(given)}, and neither true nor false`, 'Give false to switch metrics off.');
  }),
} satisfies RulesOf<WorkerOptions>;

export type ResolvedWorkerOptions = Resolved<typeof WORKER>;

const IN_PROCESS = 'the option `inProcess` of TaskQueueModule';
const IN_PROCESS_OPTIONS = [
  'concurrency',
  'queues',
  'excludeQueues',
  'shutdownGrace',
  'cancelGrace',
  'lease',
  'metrics',
];

const MODULE = {
  redis: rule((given: RedisSettings = 'redis://127.0.0.1:6379') => resolveRedis(given)),
  queues: rule(resolveQueues),
  defaults: rule((given: PolicyOptions = {}) => checkedPolicy(given, 'the option `defaults` of TaskQueueModule')),
  defaultQueue: rule((given: string | undefined) => given),
  namespace: rule((given = 'nestwork') => {
    assertNamespace(given);
    return given;
  }),
  commandTimeout: time(1, '5s'),
  replicas: whole(0, 100, 0),
  // at least a second: a 0 meant as "no limit" would remove every dead task at once
  deadRetention: time(1_000, undefined, MAX_DURATION_MS),
  maxDead: whole(1, 1e9),
  applyGlobalEnhancers: rule(globalEnhancers),
  propagate: rule((given: TaskQueueOptions['propagate'], option) => {
    if (given === undefined || typeof given === 'function') return given;
    throw invalid(option, 'is no function', "Give one that returns headers: () => ({ tenant: 'acme' }).");
  }),
  inProcess: rule(resolveInProcess),
  crons: rule((given: TaskQueueOptions['crons'] = true, option) => {
    if (typeof given === 'boolean') return given;
    if (
      Array.isArray(given) &&
      given.length > 0 &&
      given.every((name) => typeof name === 'string' && /^!?[^\s!]+$/.test(name))
    )
      return given;
    throw invalid(option, `is ${shown(given)}`, [
      "Give true, false, or a list of names: ['ReportTasks.*', '!ReportTasks.digest'].",
    ]);
  }),
  release: rule((given: TaskQueueOptions['release'], option) => {
    if (given === undefined || isRelease(given)) return given;
    throw invalid(
      option,
      `is ${shown(given)}`,
      'Give 1 to 100 characters of A-Z, a-z, 0-9, and "_.+:@/-", such as a commit.',
    );
  }),
  outbox: rule(resolveOutbox),
  inbox: rule(resolveInbox),
  payload: rule(resolvePayload),
} satisfies RulesOf<TaskQueueOptions>;

export type ResolvedTaskQueueOptions = Omit<Resolved<typeof MODULE>, 'queues' | 'defaults' | 'defaultQueue'> & {
  readonly queues: readonly string[];
  /** of those queues that have one */
  readonly queueLimits: ReadonlyMap<string, LimitAmounts>;
  readonly defaultQueue: string;
  readonly policies: PolicyBook;
};

/** Checks the options and fills in the defaults. */
export function resolveTaskQueueOptions(options: TaskQueueOptions): ResolvedTaskQueueOptions {
  assertKnownOptions(options, Object.keys(MODULE), 'TaskQueueModule', placeOf);
  const { queues: listed, defaults, defaultQueue: given, ...rest } = resolveOptions(MODULE, options);
  const queues = [...listed.keys()];
  const defaultQueue = given ?? 'default';
  if (given === undefined && !listed.has(defaultQueue)) {
    const remedy = `Set it to one of: ${queues.join(', ')}.`;
    throw invalid('defaultQueue', 'is not set, and none of the `queues` is named "default"', remedy);
  }
  if (!listed.has(defaultQueue)) throw unknownQueue(defaultQueue, 'the option `defaultQueue`', queues);
  if (rest.inProcess) servedQueues(queues, rest.inProcess, IN_PROCESS);
  const policies = new PolicyBook(defaults, new Map([...listed].map(([name, { policy }]) => [name, policy])));
  const queueLimits = new Map([...listed].flatMap(([name, { limit }]) => (limit ? [[name, limit] as const] : [])));
  return { ...rest, queues, queueLimits, defaultQueue, policies };
}

/** Checks the options and fills in the defaults. */
export function resolveWorkerOptions(options: WorkerOptions): ResolvedWorkerOptions {
  assertKnownOptions(options, [...Object.keys(WORKER), 'logger'], 'WorkerFactory.run', placeOf);
  return resolveOptions(WORKER, options);
}

/** Options of `ScheduleModule.forRoot`. */
const OF_NEST_SCHEDULE = ['cronJobs', 'intervals', 'timeouts'];

/** Where an option belongs that stands in a wrong place. */
function placeOf(option: string): string | undefined {
  if (POLICY_OPTIONS.includes(option)) {
    const ofAll = `TaskQueueModule.forRoot({ defaults: { ${option}: ... } })`;
    return `Give it to the module under \`defaults\`, for all tasks: ${ofAll}; or to one queue: queues: [{ name: 'default', ${option}: ... }].`;
  }
  if (OF_NEST_SCHEDULE.includes(option))
    return 'For a process that fires no crons give `crons: false`, or names of crons.';
  if (Object.hasOwn(MODULE, option)) return `Give it to the module: TaskQueueModule.forRoot({ ${option}: ... }).`;
  const orInProcess = IN_PROCESS_OPTIONS.includes(option) ? ', or `inProcess`' : '';
  return Object.hasOwn(WORKER, option)
    ? `Give it to the worker: WorkerFactory.run(AppModule, { ${option}: ... })${orInProcess}.`
    : undefined;
}

/** Undefined for an app without a worker. */
function resolveInProcess(given: TaskQueueOptions['inProcess']): ResolvedWorkerOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  if (!isPlainObject(options)) {
    throw invalid('inProcess', `is ${shown(options)}, and neither true, false nor an object of options`, [
      'Give options by name: inProcess: { concurrency: 3 }.',
      "Compare a value from the environment, which is always text: process.env.IN_PROCESS === 'true'.",
    ]);
  }
  assertKnownOptions(options, IN_PROCESS_OPTIONS, IN_PROCESS, placeOf);
  return resolveWorkerOptions({ ...options, children: 1 });
}

interface ResolvedQueue {
  readonly policy: PolicyOptions;
  readonly limit: LimitAmounts | undefined;
}

/** The queues in their order, each with its policy and its limit. */
function resolveQueues(given: TaskQueueOptions['queues'] = ['default']): Map<string, ResolvedQueue> {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('queues', 'is not a list of at least one name', "Give names like ['critical', 'default'].");
  }
  const listed = new Map<string, ResolvedQueue>();
  for (const [index, queue] of given.entries()) {
    if (isPlainObject(queue)) assertOptionsObject(queue, `queues[${index}] of TaskQueueModule`);
    const { name, limit: its, ...policy } = isPlainObject(queue) ? (queue as QueueOptions) : { name: queue as string };
    assertQueueName(name);
    if (listed.has(name)) throw invalid('queues', `names "${name}" twice`, 'Name each queue once.');
    const limit = its === undefined ? undefined : queueLimitAmounts(its, `limit of queue "${name}"`);
    listed.set(name, { policy: checkedPolicy(policy, `queue "${name}"`, ['limit', ...POLICY_OPTIONS]), limit });
  }
  return listed;
}

function checkedPolicy(policy: PolicyOptions, where: string, known = POLICY_OPTIONS): PolicyOptions {
  assertKnownOptions(policy, known, where);
  assertPolicyOptions(policy, where);
  return policy;
}

function globalEnhancers(given: TaskQueueOptions['applyGlobalEnhancers'] = false): GlobalEnhancerKinds {
  if (typeof given === 'boolean') return { guards: false, interceptors: given, pipes: given, filters: given };
  assertKnownOptions(
    given,
    ['guards', 'interceptors', 'pipes', 'filters'],
    'the option `applyGlobalEnhancers` of TaskQueueModule',
  );
  const wrong = Object.entries(given).find(([, value]) => value !== undefined && typeof value !== 'boolean');
  if (wrong) throw invalid(`applyGlobalEnhancers.${wrong[0]}`, 'is neither true nor false', 'Give one of them.');
  const { guards = false, interceptors = false, pipes = false, filters = false } = given;
  return { guards, interceptors, pipes, filters };
}

function queueNames(queues: readonly string[], option: string): readonly string[] {
  if (!Array.isArray(queues)) throw invalid(option, 'is not a list', "Give names like ['default'].");
  for (const queue of queues) assertQueueName(queue);
  return queues;
}
