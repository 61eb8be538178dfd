import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { AppBroker, ProducerBroker, RegisteredTask, TaskBroker, TaskState } from '../broker/port/broker.js';
import type { SendLeniency } from '../broker/port/send-leniency.js';
import { Batch, BatchBuilder } from '../groups/batch.js';
import { Flow, FlowBuilder, type FlowContext } from '../groups/flow.js';
import type { FlowOptions } from '../groups/flow-options.js';
import type { BatchOptions } from '../groups/group-options.js';
import type { Ref } from '../groups/ref.js';
import { assertTaskId, TaskIdSequence } from '../message/task-id.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import { notConfigured } from '../outbox/outbox-errors.js';
import type { Transactions } from '../outbox/transactions.js';
import type { ArgumentCheck, ArgumentChecks } from '../payload/argument-check.js';
import { PLAIN, type ResolvedPayload } from '../payload/payload-options.js';
import type { SentArguments } from '../payload/standard-schema.js';
import { secondsToKeep } from '../policy/result-time.js';
import { rulesOfCatalog } from '../policy/start-catalog.js';
import { type StartOptions, startRules } from '../policy/start-options.js';
import { UNREGISTERED } from '../policy/start-tags.js';
import { patienceOf, type ResultOptions } from '../results/result-options.js';
import { Results } from '../results/results.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { assertTasksKept, type DeclaredTask, declaredTasks, members, taskMetadataOf } from '../task/task-metadata.js';
import type { TaskRegistry } from '../task/task-registry.js';
import { type Clock, systemClock } from '../values/clock.js';
import { NewNames } from '../values/log-once.js';
import { assertTaskName } from '../values/task-name.js';
import { assertAfterCommit, HeldSends } from './after-commit.js';
import { namedSenders } from './named-senders.js';
import {
  accessor,
  misspeltNames,
  notAClass,
  notAMethod,
  undecorated,
  undecoratedMethod,
  withoutTasks,
} from './not-a-task.js';
import { notProvided } from './not-provided.js';
import type { Propagation } from './propagation.js';
import type { SendWrappers } from './send-wrappers.js';
import { TaskBook } from './task-book.js';
import { type HandleContext, statusOf, type TaskStatus } from './task-handle.js';
import {
  type CheckOfTask,
  type HomeOfTask,
  type OnWait,
  type RulesOfTask,
  type TaskHome,
  TaskSender,
} from './task-sender.js';
import { TransactionClient } from './transaction-client.js';
import { UnansweredSends } from './unanswered-sends.js';

/**
 * The methods of a task class, each as a sender with the method's own arguments.
 *
 * @example
 * const reports: TaskSenders<ReportTasks> = queue.of(ReportTasks);
 * await reports.send.delay(7, { weekly: true });
 */
export type TaskSenders<T> = {
  readonly [Method in keyof T as T[Method] extends (...args: never[]) => unknown ? Method : never]: T[Method] extends (
    ...args: infer Args
  ) => infer Returned
    ? TaskSender<SentArguments<Args>, ResultOf<Returned>>
    : never;
};

/**
 * What a task gives for its method's type of return: of a promise the value, of an Observable the last one, of Refs of its flow their
 * results.
 *
 * @example
 * type Total = ResultOf<Promise<number>>; // number
 */
export type ResultOf<Returned> =
  // of each type of a union by itself
  Awaited<Returned> extends infer Value
    ? Value extends Observable<infer Last>
      ? Last | undefined
      : Value extends Ref<infer Passed>
        ? Passed
        : Value extends readonly Ref[]
          ? PassedResults<Value>
          : Value
    : never;

/** An empty list of nothing stays what it is. */
type PassedResults<List extends readonly unknown[]> = [List[number]] extends [never]
  ? List
  : { [At in keyof List]: List[At] extends Ref<infer Passed> ? Passed : never };

/**
 * A class, as `of()` takes it.
 *
 * @example
 * const taskClass: TaskClass<ReportTasks> = ReportTasks;
 */
export interface TaskClass<T> {
  /** name of the class */
  readonly name: string;
  /** what its instances inherit from; its methods are the tasks */
  readonly prototype: T;
}

/**
 * Sends tasks. Inject it anywhere; importing `TaskQueueModule` once is enough.
 *
 * @example
 * @Injectable()
 * class SignupService {
 *   constructor(private readonly queue: QueueClient) {}
 *
 *   async signUp(user: User) {
 *     await this.queue.of(ReportTasks).send.delay(user.id, { weekly: true });
 *   }
 * }
 */
export class QueueClient {
  private readonly ids = new TaskIdSequence();
  private readonly senders = new WeakMap<object, object>();
  private readonly unanswered = new UnansweredSends();
  /** tasks that no worker has registered, so that each is logged once */
  private readonly unregistered = new NewNames();
  private readonly tasksByName = new TaskBook((name) => this.broker.registeredTask(name));
  private readonly handles: HandleContext;

  /** @internal */
  constructor(
    private readonly broker: ProducerBroker & TaskBroker & Pick<AppBroker, 'results' | 'groups'>,
    private readonly registry: TaskRegistry,
    private readonly options: Pick<ResolvedTaskQueueOptions, 'queues' | 'defaultQueue'> & {
      readonly payload?: ResolvedPayload;
      readonly propagate?: Propagation;
      readonly wrappers?: SendWrappers;
      readonly onWait?: OnWait;
      readonly clock?: Clock;
      readonly transactions?: Transactions;
    } & Partial<SendLeniency>,
    private readonly checks?: ArgumentChecks,
  ) {
    const { payload = PLAIN } = options;
    this.handles = { broker, results: new Results({ broker, producer: this.ids.prefix, payloads: payload.codec }) };
  }

  /**
   * The tasks of a class, by the names of their methods, typed by their arguments.
   *
   * @throws NestworkError NOT_A_TASK when the class decorates no method, or on access to a method without `@Task()`;
   * TASK_CLASS_NOT_PROVIDED when this app runs tasks, but none of its modules provides this class; DECORATOR_LOST when another
   * decorator has replaced a method of it
   */
  of<T extends object>(type: TaskClass<T>): TaskSenders<T>;
  /**
   * The tasks of a class by its name, typed by the class, for files that import each other: `import type` leaves no import behind.
   * A class of this app is found by that name; the tasks of another are taken to be named `Class.method`, and go to the queue that
   * workers registered for them, which is looked up once a minute for each.
   *
   * @throws NestworkError INVALID_NAME
   * @example
   * import type { QueueClient } from 'nestwork';
   * import type { ReportTasks } from './report.tasks.js';
   *
   * export const sendReport = (queue: QueueClient, userId: number) =>
   *   queue.of<ReportTasks>('ReportTasks').send.delay(userId, { weekly: true });
   */
  of<T extends object = object>(className: string): TaskSenders<T>;
  of<T extends object>(type: TaskClass<T> | string): TaskSenders<T> {
    if (typeof type === 'string') return this.byClassName(type) as TaskSenders<T>;
    if (!isFunction(type) || !type.prototype) throw notAClass(type);
    const known = this.senders.get(type);
    if (known) return known as TaskSenders<T>;
    assertTasksKept(type);
    const tasks = declaredTasks(type);
    if (tasks.length === 0) throw withoutTasks(type);
    this.assertProvided(type, type.name, tasks);
    const senders = this.sendersOf(type, tasks);
    this.senders.set(type, senders);
    return senders as TaskSenders<T>;
  }

  /**
   * A task by its name, for apps that do not have its class; it goes to the queue that workers registered for it.
   *
   * @example
   * await queue.task<[number]>('ReportTasks.send').delay(7);
   */
  task<Args extends unknown[] = unknown[], Result = unknown>(name: string): TaskSender<Args, Result>;
  /**
   * A task by its method.
   *
   * @throws NestworkError NOT_A_TASK when the method has no `@Task()`
   * @example
   * await queue.task(ReportTasks.prototype.send).delay(7, { weekly: true });
   */
  task<Args extends unknown[], Returned = unknown>(
    method: (...args: Args) => Returned,
  ): TaskSender<SentArguments<Args>, ResultOf<Returned>>;
  task<Args extends unknown[]>(task: string | ((...args: Args) => unknown)): TaskSender<Args> {
    if (typeof task === 'string') return this.byName(task);
    if (!isFunction(task)) throw notAMethod(task);
    const metadata = taskMetadataOf(task);
    if (!metadata) throw undecorated(task);
    const queue = metadata.broadcast ? BROADCAST_QUEUE : (metadata.queue ?? this.options.defaultQueue);
    const name = metadata.name ?? metadata.declaredAs;
    const [type = '', method = ''] = metadata.declaredAs.split('.');
    this.assertProvided(metadata.declaredIn, type, [{ name }]);
    const check = this.checkOf(metadata.declaredIn, method, name);
    const { decorator = '@Task()', declaredAs, broadcast } = metadata;
    const rules = rulesOf(metadata, `${decorator} on ${declaredAs}`);
    const home = this.homeOf(queue, metadata);
    return this.sender(name, { ...home, ...rules, check }, broadcast !== undefined);
  }

  /**
   * Sends within a transaction of the app's database: what is sent becomes rows of the outbox table there, and comes to Redis after the
   * commit, each task once; after a rollback there is nothing. It needs the option `outbox` of `TaskQueueModule`.
   *
   * @param transaction as the library of the database hands it to the function of a transaction: an `EntityManager` of TypeORM, a
   * transaction of Knex, a client of `pg`. By default that of `outbox.current`, for example of a method with `@Transactional()`
   * @throws NestworkError OUTBOX_NOT_CONFIGURED, OUTBOX_NO_TRANSACTION
   * @example
   * const client = await pool.connect();
   * await client.query('BEGIN');
   * await client.query('INSERT INTO users (id) VALUES ($1)', [7]);
   * await queue.in(client).of(ReportTasks).send.delay(7, { weekly: true });
   * await client.query('COMMIT');
   */
  in(transaction?: object): TransactionClient {
    const { transactions } = this.options;
    if (!transactions) throw notConfigured();
    const broker = transactions.broker(transaction, this.broker);
    return new TransactionClient(this, broker, { ...this.handles, inTransaction: true });
  }

  /**
   * Runs a function that runs a transaction, and sends afterwards what it has sent through its parameter; if it rejects, nothing. The lesser
   * way: it needs no table and knows any database, but what it holds is lost if the process dies between the commit and the sending. An
   * outbox loses nothing, see `in()`.
   *
   * What has no answer before the commit is refused, as by `in()`.
   *
   * @param work the whole transaction, its commit included
   * @returns what the function returns, once everything is in Redis
   * @throws the error of the function: nothing was sent; NestworkError INVALID_OPTION for a function without a parameter, AFTER_COMMIT_UNSENT
   * when the function has succeeded, and its tasks could not be sent
   * @example
   * await queue.afterCommit(async (after) => {
   *   await dataSource.transaction(async (manager) => {
   *     await manager.query('INSERT INTO users (id) VALUES ($1)', [7]);
   *     await after.of(ReportTasks).send.delay(7, { weekly: true });
   *   });
   * });
   */
  async afterCommit<Result>(work: (after: TransactionClient) => Promise<Result>): Promise<Result> {
    assertAfterCommit(work);
    const held = new HeldSends(this.broker);
    const after = new TransactionClient(this, held, { ...this.handles, inTransaction: true });
    let result: Result;
    try {
      result = await work(after);
    } finally {
      held.close();
    }
    await held.send();
    return result;
  }

  /**
   * Cancels a task by its id, see `TaskHandle.cancel`.
   *
   * @throws NestworkError INVALID_TASK_ID, REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  async cancel(id: string): Promise<TaskState> {
    assertTaskId(id);
    return (await this.broker.cancel(id)).state;
  }

  /**
   * Where a task is, by its id, see `TaskHandle.status`.
   *
   * @throws NestworkError INVALID_TASK_ID, REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  async status(id: string): Promise<TaskStatus> {
    assertTaskId(id);
    return statusOf(await this.broker.locate(id));
  }

  /**
   * What a task returns, once it has ended, by its id: for processes that did not send it. They look for it once a second.
   *
   * @throws NestworkError INVALID_TASK_ID, and the errors of `TaskHandle.result`
   * @example
   * const total = await queue.result<number>('k3v9x0q2m70000000001', { timeout: '5s' });
   */
  async result<Result = unknown>(id: string, options: ResultOptions = {}): Promise<Result> {
    assertTaskId(id);
    return (await this.handles.results.of(id, patienceOf(options, 'result()'))) as Result;
  }

  /**
   * A batch in the making: many tasks, and tasks that are sent when all of them are done, or one has failed.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION
   * @example
   * const batch = await queue
   *   .batch({ name: 'mailing', onDone: queue.of(BatchTasks).report })
   *   .add(queue.of(ReportTasks).send, users.map((user) => [user.id, { weekly: true }]))
   *   .delay();
   */
  batch(options?: BatchOptions): BatchBuilder {
    return new BatchBuilder(this.groups, options);
  }

  /**
   * A flow in the making: tasks that wait for the results of others.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION
   * @example
   * const flow = queue.flow({ name: 'import', deadline: '1h' });
   * const parts = ids.map((id) => flow.add(queue.of(PartTasks).extract, id));
   * flow.add(queue.of(FlowTasks).merge, parts);
   * await flow.delay();
   */
  flow(options?: FlowOptions): FlowBuilder {
    return new FlowBuilder(this.groups, options);
  }

  /**
   * A batch that was sent, by its id, also from another process. Redis is asked when its methods are called.
   *
   * @throws NestworkError INVALID_TASK_ID
   * @example
   * const { done, total } = await queue.batchById(id).status();
   */
  batchById(id: string): Batch {
    assertTaskId(id, 'the id of a batch');
    return new Batch(this.broker.groups, id, this.options.payload?.codec);
  }

  /**
   * A flow that was sent, by its id, also from another process. Redis is asked when its methods are called.
   *
   * @throws NestworkError INVALID_TASK_ID
   * @example
   * await queue.flowById(id).cancel();
   */
  flowById(id: string): Flow {
    assertTaskId(id, 'the id of a flow');
    return new Flow(this.groups, id);
  }

  private get groups(): FlowContext {
    const { clock: now = systemClock, payload = PLAIN } = this.options;
    const { results } = this.handles;
    return { groups: this.broker.groups, results, nextId: () => this.ids.next(), now, payloads: payload.codec };
  }

  /** The class itself, where this app has it: it knows the names and queues of its decorators. */
  private byClassName(className: string): object {
    assertTaskName(className);
    return namedSenders((method) => {
      const type = this.registry.typeNamed(className);
      return type ? Reflect.get(this.of(type as TaskClass<object>), method) : this.byName(`${className}.${method}`);
    });
  }

  private byName<Args extends unknown[]>(name: string): TaskSender<Args> {
    assertTaskName(name);
    return this.sender(name, {
      home: (needsQueue) => this.homeByName(name, needsQueue),
      check: () => this.registry.get(name)?.check?.(),
      rules: () => {
        const known = this.registry.get(name);
        return known && { rules: known.start };
      },
    });
  }

  private sendersOf(type: TaskClass<object>, tasks: readonly DeclaredTask[]): object {
    const senders: object = Object.create(misspeltNames(type, tasks));
    for (const [member, isMethod] of members(type.prototype)) {
      Reflect.defineProperty(senders, member, {
        get: () => {
          throw (isMethod ? undecoratedMethod : accessor)(type, member, tasks);
        },
        configurable: true,
      });
    }
    for (const task of tasks) {
      const { method, name, queue = this.options.defaultQueue, broadcast, start, decorator } = task;
      const check = this.checkOf(type, method, name);
      const rules = rulesOf(start, `${decorator} on ${type.name}.${method}`);
      const known = { ...this.homeOf(queue, task), ...rules, check };
      const sender = this.sender(name, known, broadcast !== undefined);
      Reflect.defineProperty(senders, method, { value: sender, enumerable: true });
    }
    return senders;
  }

  /** What this app makes of the class decides; one that only sends has the decorators alone. Asked once, at the first call. */
  private checkOf(type: object, method: string, name: string): CheckOfTask {
    let found: { readonly check: ArgumentCheck | undefined } | undefined;
    return () => {
      found ??= { check: (this.registry.get(name)?.check ?? (() => this.checks?.of(type, method, name)))() };
      return found.check;
    };
  }

  private sender<Args extends unknown[]>(
    name: string,
    { home, check, rules }: KnownTask,
    broadcast = false,
  ): TaskSender<Args> {
    const { queues, anyQueue, transactions: _, ...context } = this.options;
    const { unanswered, handles } = this;
    const found = { homeOfTask: home, checkOfTask: check, rulesOfTask: rules };
    const task = { name, ...found, broadcast, queues: anyQueue ? undefined : queues };
    return new TaskSender<Args>(this.broker, this.ids, { ...context, ...task, unanswered, handles }, {});
  }

  private get sealsAll(): boolean {
    return (this.options.payload ?? PLAIN).sealsAll;
  }

  /** Of a task whose decorator is at hand. */
  private homeOf(queue: string, { result, encrypt = this.sealsAll }: DeclaredHome): Pick<KnownTask, 'home'> {
    const seconds = result === undefined ? undefined : secondsToKeep(result, 'result');
    const home = { queue, result: seconds, sealed: encrypt };
    return { home: () => home };
  }

  private homeByName(name: string, needsQueue: boolean): TaskHome | Promise<TaskHome> {
    const own = this.registry.get(name);
    if (own) return own;
    const known = needsQueue ? this.tasksByName.find(name) : this.tasksByName.findIfKnown(name);
    const home = (found: RegisteredTask | undefined): TaskHome =>
      found
        ? { queue: found.queue, result: found.result, sealed: found.sealed, rules: rulesOfCatalog(found) }
        : { queue: needsQueue ? this.queueOfUnregistered(name) : '', rules: UNREGISTERED, sealed: this.sealsAll };
    return known instanceof Promise ? known.then(home) : home(known);
  }

  /** It may be a task that the next deploy of the workers brings, or a mistake in writing. */
  private queueOfUnregistered(name: string): string {
    const { defaultQueue } = this.options;
    if (this.unregistered.isNew(name)) {
      new Logger('TaskQueue').warn(
        `No worker of this namespace has ever had a task "${name}". It goes to the queue "${defaultQueue}", and waits there ` +
          'until a worker has it: check the name, or start the worker that provides its class.',
      );
    }
    return defaultQueue;
  }

  /** Only an app that runs tasks itself knows that a class is missing; one that just sends needs no providers. */
  private assertProvided(type: object, typeName: string, tasks: readonly Pick<DeclaredTask, 'name'>[]): void {
    if (this.registry.size === 0 || this.options.anyClass) return;
    const missing = tasks.find(({ name }) => !this.registry.get(name));
    if (!missing) return;
    throw notProvided(this.registry, { type, typeName, name: missing.name });
  }
}

/** How a sender finds what it needs to know of its task. */
/** What its decorator says of where its calls go. */
type DeclaredHome = Partial<Pick<DeclaredTask, 'result' | 'encrypt'>>;

interface KnownTask {
  readonly home: HomeOfTask;
  readonly check: CheckOfTask;
  readonly rules: RulesOfTask;
}

function rulesOf(options: StartOptions, where: string): Pick<KnownTask, 'rules'> {
  const known = { rules: startRules(options, where) };
  return { rules: () => known };
}

/** Untyped code, and files that import each other, hand over anything. */
function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
