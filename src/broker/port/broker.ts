import type { RedisOptions } from 'ioredis';
import type { CronDeclaration, NamedCron } from '../../cron/cron-definition.js';
import type { LimitDeclaration } from '../../policy/limit-declarations.js';
import type { CatalogStart } from '../../policy/start-catalog.js';
import type { AppTasks, AppWorker } from '../../task/app-tasks.js';
import type { BroadcastScope } from '../../task/broadcast.js';
import type { StateWord } from '../../task/task-states.js';
import type { ActionPort } from './action-port.js';
import type { BacklogPort } from './backlog-port.js';
import type { BroadcastRecords, StreamBroker } from './broadcast-port.js';
import type { CatalogPort } from './catalog-port.js';
import type { CheckupPort } from './checkup-port.js';
import type { CronBroker } from './cron-broker.js';
import type { DeadLetterBroker, DeadPurgeBroker, DeathReportBroker } from './dead-letter-broker.js';
import type { DoneBroker, DoneKeepingBroker } from './done-port.js';
import type { GroupBroker, GroupPort } from './group-port.js';
import type { LimitPort } from './limit-port.js';
import type { LimitForgetting, LimitRulesPort } from './limit-rules-port.js';
import type { CountingBroker, MetricsBroker, SamplingBroker } from './metrics-port.js';
import type { NotesBroker, NotingBroker } from './notes-port.js';
import type { Pause, PausePort } from './pause-port.js';
import type { RelayPort } from './relay-port.js';
import type { FinishingBroker, OutcomeBroker, ResultBroker } from './result-port.js';
import type { CronSettingBroker } from './run-time-cron-port.js';
import type { TaskPort } from './task-port.js';
import type { DigestPort, LiveSessions, WorkerPort } from './worker-port.js';

export type { LimitDeclaration } from '../../policy/limit-declarations.js';
export type * from './backlog-port.js';
export type * from './broadcast-port.js';
export type * from './catalog-port.js';
export type * from './cron-broker.js';
export type * from './dead-letter-broker.js';
export type * from './metrics-port.js';

/** The options of ioredis that say where Redis is and how to connect there; all others are nestwork's to set. */
export type RedisOption =
  | 'host'
  | 'port'
  | 'path'
  | 'family'
  | 'db'
  | 'username'
  | 'password'
  | 'tls'
  | 'keepAlive'
  | 'noDelay'
  | 'connectionName'
  | 'disableClientInfo'
  | 'clientInfoTag'
  | 'protocol'
  | SentinelOption;

/** Those that go with `sentinels`. */
export type SentinelOption =
  | 'sentinels'
  | 'name'
  | 'role'
  | 'natMap'
  | 'sentinelUsername'
  | 'sentinelPassword'
  | 'sentinelTLS'
  | 'enableTLSForSentinelMode'
  | 'updateSentinels'
  | 'failoverDetector'
  | 'sentinelMaxConnections';

/**
 * Where Redis is, in options of ioredis, as plain data: workers hand it from process to process. All else that ioredis has
 * is nestwork's to set, and refused.
 *
 * @example
 * const address: RedisAddress = { host: 'redis.internal', port: 6380, db: 2, tls: {} };
 */
export interface RedisAddress extends Pick<RedisOptions, Exclude<RedisOption, 'natMap' | 'role'>> {
  /** Which addresses stand for those that the sentinels name: `{ '10.0.0.7:6379': { host: 'redis-1', port: 6379 } }`. */
  natMap?: Exclude<RedisOptions['natMap'], (key: string) => unknown>;
  /** Tasks are written, so it is the primary. */
  role?: 'master';
}

/**
 * Where Redis is: a URL (`redis://`, `rediss://`, `unix://`), the path of a socket, or options of ioredis, Sentinels included.
 *
 * @example
 * const byUrl: RedisSettings = 'rediss://user:secret@redis.internal:6380/2';
 * const bySentinels: RedisSettings = { sentinels: [{ host: 'sentinel-1', port: 26379 }], name: 'main' };
 */
export type RedisSettings = string | RedisAddress;

/** Who asks: a child of a session, and the queues it serves in the order of their priority. */
export interface Claimant {
  readonly session: string;
  readonly child: string;
  readonly queues: readonly string[];
}

/** A claimed task as it came from Redis. */
export interface ClaimedTask {
  readonly id: string;
  readonly queue: string;
  /** the whole message, see message/task-message.ts */
  readonly message: string;
}

export interface ClaimRequest {
  /** counts up by one for every claim */
  readonly number: number;
  /** how many tasks at most, 0 to only ack */
  readonly limit: number;
  /** how many of them may have limits: such tasks are not claimed ahead, because each holds its slots from its claim on; 0 by default */
  readonly limited?: number;
  /** ids that are done */
  readonly acks: readonly string[];
  /** the claim before this one got no answer: return all that the child holds, and give it nothing new */
  readonly recover?: boolean;
}

export interface ClaimReply {
  /** the broker had seen this number, or was to `recover`: `tasks` is all that the child holds */
  readonly repeated: boolean;
  /** how many of the acks the child still held; without meaning when `repeated` */
  readonly acked: number;
  /** a quarantined task waits, and this child is to take it: claim again once it holds nothing, or within 5 s */
  readonly drain: boolean;
  /** whether its queues hold more, paused ones aside; not known when `repeated` */
  readonly more: boolean;
  /** its queues that are paused, if any are; not known when `repeated` */
  readonly paused?: readonly string[];
  /** ids of tasks that must not start, because somebody has stopped their batch or flow; mostly none */
  readonly stopped?: readonly string[];
  readonly tasks: readonly ClaimedTask[];
}

/** When a task is due: so many ms from now by the clock of Redis, or at a time in ms since 1970. */
export type Due = { readonly in: number } | { readonly at: number };

/** What becomes of an attempt that failed. */
export interface Retry {
  /** ms until the next attempt */
  readonly inMs: number;
  /** line for the history, from `encodeAttempt` */
  readonly line: string;
  /** failures before this attempt, which a repetition must find unchanged */
  readonly failures: number;
  /** whether it counts as a failure; false when nothing was tried */
  readonly counts: boolean;
  /** a limit of the task, by its key, that starts nothing for so many ms */
  readonly stop?: { readonly limit: string; readonly ms: number } | undefined;
}

/** A task that ran beyond its hard timeout. */
export interface TimedOut {
  readonly id: string;
  /** ms until the next attempt; negative when it is dead */
  readonly retryInMs: number;
  /** line for the history, from `encodeAttempt` */
  readonly line: string;
  /** one line of JSON, for the dead */
  readonly report: string;
}

/** What became of the claims of a child whose process ended. */
export interface Settlement {
  readonly released: number;
  readonly crashed: number;
  readonly quarantined: number;
  readonly dead: number;
  /** ran out of time, and will run again */
  readonly timedOut: number;
}

/** What is known of the tasks of a child whose process ended. */
export interface ChildExit {
  /** the tasks to blame: their handlers were under way */
  readonly blamed: readonly string[];
  /** tasks that succeeded, whose acks may have been lost with the process */
  readonly done: readonly string[];
  /** tasks for which the process was ended */
  readonly timedOut: readonly TimedOut[];
  /** those among the `done` for which the process was ended too, and which are not to run again */
  readonly dropped?: readonly string[];
  /** crashes after which a task is dead */
  readonly maxCrashes: number;
  /** line of a crash for the history, from `encodeAttempt` */
  readonly line: string;
  /** one line of JSON, for those that are dead by a crash */
  readonly report: string;
}

/** Why a task is dead; stored as JSON beside its message. Never holds arguments. */
export interface DeathReport {
  readonly code: string;
  readonly task?: string;
  readonly error: string;
  readonly stack?: string;
  readonly attempt?: number;
  readonly host: string;
  readonly pid: number;
}

/** How to describe a session to those who may have to reap it. */
export interface SessionDescription {
  readonly session: string;
  readonly leaseMs: number;
  readonly queues: readonly string[];
  readonly host: string;
  readonly pid: number;
  /** the tasks that its app can run, for senders that do not have their classes */
  readonly catalog: readonly CatalogEntry[];
  /** for the workers of other apps; undefined when nothing names the app */
  readonly app?: AppTasks | undefined;
  /** those of the tasks and queues of its app; none by default */
  readonly limits?: readonly LimitDeclaration[] | undefined;
}

/** A worker with a lease, as its session describes it. */
export interface LiveWorker extends AppWorker {
  readonly host: string;
  readonly pid: number;
  /** those that it fires */
  readonly crons: readonly CronDeclaration[];
  readonly limits: readonly LimitDeclaration[];
}

/** What a worker knows about a task; kept in the catalog for senders that do not have its class. */
export interface CatalogEntry extends CatalogStart {
  readonly name: string;
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  readonly broadcast?: BroadcastScope;
  /** how many of its done tasks are kept; none by default */
  readonly keepDone?: number;
  /** for how many seconds its results are kept; none by default */
  readonly result?: number;
  /** what its tasks carry is sealed */
  readonly sealed?: true | undefined;
  /** when it is run by itself, if it is */
  readonly crons?: readonly NamedCron[];
}

/** What a sender needs to know of a task that another app has. */
export type RegisteredTask = Pick<CatalogEntry, 'queue' | 'result' | 'sealed' | keyof CatalogStart>;

/** How to add a task with a key. */
export interface UniqueOptions {
  readonly due: Due | undefined;
  /** limits, each followed by its key in clear; none by default */
  readonly labels?: readonly string[];
  /** whether a task that still waits gives way */
  readonly replace: boolean;
  /** in which that may wait; those of the app by default */
  readonly queues?: readonly string[];
}

/** How to add tasks with limits. */
export interface LimitedOptions {
  readonly due?: Due | undefined;
  /** limits, each followed by its key in clear: people read that while the key is held or waited for */
  readonly labels?: readonly string[];
  /** whether to refuse the one message if it could not start at once, by its limits */
  readonly refuses?: boolean;
}

/** What became of tasks with limits. */
export interface LimitedReply {
  /** how many were new */
  readonly added: number;
  /** the limit for which the one message was refused */
  readonly full?: string | undefined;
}

/** The task that has a key. */
export interface KeyHolder {
  readonly id: string;
  readonly queue: string;
}

/** What senders need. */
export interface ProducerBroker {
  /** Adds messages to one queue, now or when they are due, each id once. Resolves to how many were new. */
  enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number>;
  /**
   * Adds one message to a queue, once, together with the others of the same turn of the event loop. `labels` are for one with limits,
   * a tenant or a priority, as in `enqueueLimited`; undefined for others.
   */
  enqueueOne(queue: string, message: string, labels?: readonly string[]): Promise<void>;
  /** Adds messages with limits, a tenant or a priority, each id once: each waits in the line of its kind. */
  enqueueLimited(queue: string, messages: readonly string[], options: LimitedOptions): Promise<LimitedReply>;
  /** Adds a message with a unique key. Resolves to the task that has the key now, this one or another. */
  enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder>;
  /** Appends messages to the stream that every supervisor reads, each id once. Resolves to how many were new. */
  broadcast(messages: readonly string[]): Promise<number>;
  /** What workers registered for a task, if any did. */
  registeredTask(name: string): Promise<RegisteredTask | undefined>;
}

/** What a child needs: one claim, and the ways a claim ends. All of them reject with LEASE_LOST once it is unregistered. */
export interface ChildBroker {
  readonly crons: Pick<CronBroker, 'recordRun'>;
  readonly metrics: CountingBroker;
  readonly notes: NotingBroker;
  readonly done: DoneKeepingBroker;
  readonly results: FinishingBroker & Pick<ResultBroker, 'read'>;
  claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply>;
  /** Ends tasks that are done. Resolves to how many the child still held. */
  ack(claimant: Claimant, ids: readonly string[]): Promise<number>;
  /** Gives tasks back uncounted, unless the child has claimed again since `claimNumber`. */
  release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number>;
  /** Lets a task run again later. Resolves to false when the child no longer held it. */
  retry(claimant: Claimant, task: Pick<ClaimedTask, 'id' | 'queue'>, retry: Retry): Promise<boolean>;
  /** Ends a task as dead; `line` records its last attempt. Resolves to false when the child no longer held it. */
  bury(claimant: Claimant, task: BuriedTask, report: DeathReport, line?: string): Promise<boolean>;
  /** Resolves when one of the queues may have work, or after `timeoutMs`; true when a bell rang. */
  waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean>;
  /** Ends a pending `waitForBell`. */
  stopWaiting(): void;
}

/** What a supervisor needs: its lease, its children, and the reaping of others. */
export interface SupervisorBroker {
  openSession(description: SessionDescription): Promise<void>;
  /** Resolves to false when the session was reaped. */
  register(session: string, child: string): Promise<boolean>;
  /** Resolves to false when the session was reaped. */
  renew(session: string, leaseMs: number): Promise<boolean>;
  closeSession(session: string): Promise<boolean>;
  /** Of each session whose lease runs. */
  liveWorkers(): Promise<LiveWorker[]>;
  /** Number of the last answered claim of a child, and the ids it holds. */
  holdings(claimant: Claimant): Promise<{ claimNumber: number; ids: string[] }>;
  release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number>;
  settle(claimant: Claimant, childExit: ChildExit): Promise<Settlement>;
  /** Sessions whose lease ran out, and how long until the next one does (undefined: none runs). */
  overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }>;
  /** Takes the claims of an overdue session. Resolves to how many, or undefined when it was not to be reaped. */
  reap(session: string, leaseMs: number): Promise<number | undefined>;
}

/** What came of moving due tasks to their queues. */
export interface Promotion {
  readonly moved: number;
  /** until the next task is due, or the next pause of a queue is over; undefined when nothing is scheduled */
  readonly nextInMs: number | undefined;
  /** REDIS_REFUSED, once for each queue concerned; undefined for none */
  readonly refused?: readonly Error[];
}

/** What a promoter needs. */
export interface PromoterBroker {
  /**
   * Moves due tasks to their queues, at most so many, and ends the pauses of queues that are over. Resolves to how many, and
   * how long until there is more to do; `refused` has an error for each queue that was left as it is because a key of it holds something foreign.
   */
  promote(limit: number): Promise<Promotion>;
  /** Resolves to true when a task is due earlier than all others were, or a pause has an end; to false after `timeoutMs`. */
  waitForAlarm(timeoutMs: number): Promise<boolean>;
  /** Ends a pending `waitForAlarm`. */
  stopWaiting(): void;
}

/** What lies in a queue at one moment. */
export interface QueueState
  extends Readonly<Record<StateWord<'pending' | 'scheduled' | 'quarantined' | 'dead'>, number>> {
  readonly queue: string;
  /** about how many tasks a limit keeps from starting: they are not among the pending ones here */
  readonly heldBack: number;
  /** of the dead tasks those that died since the moment that was asked for */
  readonly died: number;
  /** the beginning of the task that has waited longest of those that are next, as it lies in Redis */
  readonly head: string | undefined;
  /** when the first scheduled task is due, or was: ms since 1970 */
  readonly dueAt: number | undefined;
  /** whether a worker serves it that has a lease and a registered child */
  readonly served: boolean;
  /** names of apps whose workers serve it with different tasks; mostly none */
  readonly contestants: readonly string[];
  /** its pause, if it is paused */
  readonly paused?: Pause;
}

/** How to look at queues. */
export interface QueueStatesOptions {
  /** read a moment ago; read anew if not given */
  readonly sessions?: LiveSessions | undefined;
  /** in ms since 1970; if not given, `died` is 0 */
  readonly diedSince?: number | undefined;
}

/** What people and tools read. */
export interface InspectorBroker {
  queueStates(queues: readonly string[], options?: QueueStatesOptions): Promise<QueueState[]>;
  /** Acks that changed nothing, because the tasks had been given to others, since the first. */
  staleAcks(): Promise<number>;
}

/**
 * Where a task is; `unknown` when it is finished, or never was. `unconfirmed`, instead of that, where a handle was made within a
 * transaction of a database.
 *
 * @example
 * const { state }: { state: TaskState } = await queue.status(id);
 * if (state === 'unknown') logger.log('It is finished.');
 */
export type TaskState =
  | 'waiting'
  | 'scheduled'
  | 'pending'
  | 'active'
  | 'dead'
  | 'cancelled'
  | 'unconfirmed'
  | 'unknown';

/** Where a task was found. */
export interface TaskPlace {
  readonly state: StateWord<Exclude<TaskState, 'unknown' | 'unconfirmed'>> | 'unknown';
  readonly queue?: string;
  /** the whole message, unless it has ended */
  readonly message?: string;
}

/** A task to bury; with its message, only if it is still the one that was claimed. */
export type BuriedTask = Pick<ClaimedTask, 'id' | 'queue'> & Partial<Pick<ClaimedTask, 'message'>>;

/** What is needed to ask for single tasks. Each call searches; tasks that are not looked for cost nothing. */
export interface TaskBroker {
  locate(id: string): Promise<TaskPlace>;
  /** Cancels a task that waits, and has an active one stopped. Resolves to where it was found. */
  cancel(id: string): Promise<TaskPlace>;
}

/** What an app needs beside its worker: to send, to look and to act. */
export interface AppBroker extends ProducerBroker, TaskBroker, InspectorBroker {
  /** the prefix of its keys */
  readonly namespace: string;
  /** the tasks that will not run again by themselves */
  readonly deadLetters: DeadLetterBroker;
  readonly broadcasts: Pick<BroadcastRecords, 'outcomes' | 'gaps'>;
  readonly crons: Pick<CronBroker, 'records' | 'declarers' | 'history' | 'survey' | 'pause' | 'resume'> & {
    readonly runTime: CronSettingBroker;
  };
  readonly metrics: MetricsBroker;
  readonly notes: NotesBroker;
  readonly done: DoneBroker;
  readonly results: ResultBroker & OutcomeBroker;
  readonly groups: GroupBroker & GroupPort;
  readonly outbox: RelayPort;
  readonly catalog: CatalogPort;
  readonly pauses: PausePort;
  readonly places: TaskPort;
  readonly limits: LimitPort;
  readonly limitRules: LimitRulesPort;
  readonly workers: WorkerPort;
  /** what people and programs did */
  readonly actions: ActionPort;
  readonly checkup: CheckupPort;
  /** Connects and checks that the server can serve. Rejects within the connection's timeout. */
  connect(): Promise<void>;
  close(): Promise<void>;
}

/** The port to Redis: everything that moves a task from one state to another. */
export interface Broker extends AppBroker, ChildBroker, SupervisorBroker, PromoterBroker {
  /** by `performance.now()`; broadcasts since then may concern its user */
  readonly madeAtMs: number;
  readonly deadLetters: DeadLetterBroker & DeadPurgeBroker & DeathReportBroker;
  readonly stream: StreamBroker;
  readonly workers: WorkerPort & DigestPort;
  readonly limitRules: LimitRulesPort & LimitForgetting;
  readonly backlog: BacklogPort;
  readonly broadcasts: BroadcastRecords;
  readonly crons: CronBroker;
  readonly metrics: CountingBroker & SamplingBroker & MetricsBroker;
  readonly notes: NotingBroker & NotesBroker;
  readonly done: DoneKeepingBroker & DoneBroker;
  readonly results: FinishingBroker & ResultBroker & OutcomeBroker;
}
