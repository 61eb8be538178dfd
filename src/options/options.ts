import type { RedisSettings } from '../broker/port/broker.js';
import type { GivenHeaders } from '../message/headers.js';
import type { InboxOptions } from '../outbox/inbox/inbox-options.js';
import type { OutboxOptions } from '../outbox/outbox-options.js';
import type { StoredPayloadOptions } from '../payload/payload-options.js';
import type { QueueLimit } from '../policy/limit-options.js';
import type { PolicyOptions } from '../policy/policy-options.js';
import type { TaskInfo } from '../task/task-hooks.js';
import type { ByteSize } from '../values/byte-size.js';
import type { Duration } from '../values/duration.js';

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
   * URL of the Redis server, or the options of ioredis that say where it is (plain data: they are handed to the supervisor
   * process). Any other option is refused, and so is a database that the server does not have or give: nothing goes to another.
   * @default 'redis://127.0.0.1:6379'
   */
  redis?: RedisSettings;
  /**
   * The queues of the app, by name or with options of their own; the order is their priority. Up to about 100 are sensible,
   * since each claim looks at all that its worker serves.
   * @default ['default']
   */
  queues?: readonly (string | QueueOptions)[];
  /**
   * Timeouts and retries of all tasks, unless their queue, the task or the call has its own.
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
   * Headers for all that is sent, such as a tenant or a trace id. Asked at each `delay()` and `delayMany()`, in the
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
   * that runs beyond its hard timeout has its signal aborted and cannot be ended, and one that kills its process takes the
   * app with it, uncounted. Call `app.enableShutdownHooks()`. Ignored in the children of `WorkerFactory.run`.
   * @default false
   * @example
   * TaskQueueModule.forRoot({ inProcess: process.env.NODE_ENV === 'development' && { concurrency: 5 } })
   */
  inProcess?: boolean | InProcessOptions;
  /**
   * Which crons the workers of this process fire, and its children: all, none, or those whose names fit. `*` stands for any text, and `!` in front
   * leaves names out. The others stay declared, as with `disabled`. A full name that no cron has is refused.
   * @default true
   * @example
   * TaskQueueModule.forRoot({ crons: process.env.CRONS !== 'off' && ['*', '!DigestTasks.*'] })
   */
  crons?: boolean | readonly string[];
  /**
   * The name of this release of the app, for crons that heed it: `immediately`, `initialDelay` and `@Timeout()` act once for each. Give all processes of a
   * release the same, such as a commit or the tag of an image: 1 to 100 characters of `A-Za-z0-9_.+:@/-`. The last 10 are remembered.
   * @default a digest of the version of the app's package, and of size and time of its entry file and the code beside that: the same on all replicas
   * of one image; where each machine builds the app for itself, each has another
   * @example
   * TaskQueueModule.forRoot({ release: process.env.GIT_COMMIT })
   */
  release?: string | undefined;
  /**
   * Seals what tasks carry, so that Redis and its backups cannot be read, and compresses what is large. See docs/sealed-payloads.md.
   * @default neither
   * @example
   * TaskQueueModule.forRoot({ payload: { encrypt: { keys: [process.env.PAYLOAD_KEY] }, compress: '8KiB' } });
   */
  payload?: StoredPayloadOptions;
  /**
   * Lets the app send within transactions of its database, with `queue.in(transaction)`: what was sent exists if and only if the
   * transaction is committed. With `forRootAsync` the connection can be injected.
   * @default none
   * @example
   * TaskQueueModule.forRootAsync({
   *   inject: [DataSource],
   *   useFactory: (dataSource: DataSource) => ({ outbox: { database: typeormOutbox(dataSource) } }),
   * });
   */
  outbox?: OutboxOptions;
  /**
   * Lets tasks have their effects in a database of the app once, see `Inbox` and docs/inbox.md.
   * @default none: inbox.run() is refused
   * @example
   * TaskQueueModule.forRootAsync({
   *   inject: [DataSource],
   *   useFactory: (dataSource: DataSource) => ({ inbox: { database: typeormOutbox(dataSource) } }),
   * });
   */
  inbox?: InboxOptions;
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
  extends Pick<
    WorkerOptions,
    'concurrency' | 'queues' | 'excludeQueues' | 'shutdownGrace' | 'cancelGrace' | 'lease' | 'metrics'
  > {}

/**
 * A queue, with a limit, and with timeouts and retries of the tasks in it.
 *
 * @example
 * const bulk: QueueOptions = { name: 'bulk', retries: 10, backoff: '1m', hardTimeout: '10m' };
 * const mail: QueueOptions = { name: 'mail', limit: { concurrency: 50, rate: '100/s' } };
 * TaskQueueModule.forRoot({ queues: ['default', bulk, mail] });
 */
export interface QueueOptions extends PolicyOptions {
  /** 1 to 100 characters of A-Z, a-z, 0-9, "_", "." and "-" */
  name: string;
  /**
   * How many of its tasks run at once, and how many start in a time, in the whole cluster. `concurrency` of a worker is that of one
   * child.
   * @default none: as many as the workers can run
   */
  limit?: QueueLimit;
}

/**
 * How many children a worker may have. Every 2 s it compares the tasks that wait in its queues and those that run with the tasks that
 * its children can run. It grows when two looks find too few children, to the double at most, and shrinks when fewer
 * were enough for `shrinkAfter`. A child that is one too many finishes its tasks first.
 *
 * @example
 * const children: ChildrenRange = { min: 2, max: 16, shrinkAfter: '5m' };
 * await WorkerFactory.run(AppModule, { children, concurrency: 10 });
 */
export interface ChildrenRange {
  /**
   * The fewest, from 1: broadcasts need a child, and a queue without any counts as not served.
   * @default 1
   */
  min?: number;
  /**
   * The most, up to 1,024. Children that are replaced or finish their last tasks come on top.
   * @default the number of cores, or `min` if that is more
   */
  max?: number;
  /**
   * For how long fewer children must have been enough before any are stopped; from 1 s.
   * @default '1m'
   */
  shrinkAfter?: Duration;
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
   * Forked children that run tasks: a number, or a range within which their number follows the tasks that wait.
   * @default the number of cores
   * @example
   * await WorkerFactory.run(AppModule, { children: { min: 1, max: 8 } });
   */
  children?: number | ChildrenRange;
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
   * How long a child may take to boot, from its fork to the end of all bootstrap hooks; then its process is ended and another
   * one is tried, after 0.5 s, doubling up to 30 s. If it was the first one, the worker ends with code 1, as with an app that
   * cannot boot. At least 1 s. With or without it, the log reports a child that has been booting for 30 s.
   * @default none: it is waited for
   */
  bootTimeout?: Duration;
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
   * How long running tasks may take to finish after SIGTERM or SIGINT. A child that is replaced has as much, and 2 s, to close
   * its app after its last task.
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
  /**
   * The file that the children run: a path, or a URL of a file such as `import.meta.url`. It has to call `WorkerFactory.run`
   * with the same module. INVALID_OPTION when it is no file.
   * @default the file that Node was started with (`process.argv[1]`), which is the right one but under a launcher
   * @example
   * await WorkerFactory.run(AppModule, { entry: import.meta.url });
   */
  entry?: string | URL;
  /**
   * Whether children count their tasks by name and minute, and the supervisor samples how long its queues are, for
   * `MetricsReader` and Prometheus. A child sends its counts every 2 s while it has any.
   * @default true
   */
  metrics?: boolean;
}
