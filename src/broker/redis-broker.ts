import { HEADER_LENGTH, READ_TAGS } from '../message/tags.js';
import { idOf } from '../message/task-message.js';
import { encodeAppTasks } from '../task/app-tasks.js';
import { RedisBroadcastRecords } from './broadcast-records.js';
import { BroadcastStream } from './broadcast-stream.js';
import {
  broadcastInChunks,
  enqueueChunk,
  enqueueInChunks,
  enqueueUnique,
  replicated,
  unconfirmed,
  unlooked,
} from './enqueue.js';
import { EnqueueTogether } from './enqueue-together.js';
import { readLiveWorkers } from './live-workers.js';
import type {
  Broker,
  BuriedTask,
  CatalogEntry,
  ChildExit,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  Due,
  KeyHolder,
  LiveWorker,
  Promotion,
  QueueState,
  RedisSettings,
  Retry,
  SessionDescription,
  Settlement,
  TaskPlace,
  UniqueOptions,
} from './port/broker.js';
import { readQueueStates } from './queue-states.js';
import { BlockingList } from './redis/blocking-list.js';
import { ForeignValues } from './redis/foreign-values.js';
import type { OutageListener } from './redis/outage.js';
import { checkServer } from './redis/redis-checks.js';
import { RedisConnection } from './redis/redis-connection.js';
import { unpromoted } from './redis/redis-errors.js';
import { type RedisKeys, redisKeys } from './redis/redis-keys.js';
import type { ScriptInput, ScriptName, ScriptReply } from './redis/scripts.js';
import { RedisCrons } from './redis-crons.js';
import { RedisDeadLetters } from './redis-dead-letters.js';
import { RedisMetrics } from './redis-metrics.js';
import { declaredCrons } from './session-crons.js';
import { APP, DESCRIPTION, isChild, queuesIn, READS, SERVED_QUEUES } from './session-lists.js';
import { hasOldTagsOnly, TagReaders } from './tag-readers.js';
import { TaskFinder } from './task-finder.js';

export interface RedisBrokerOptions {
  readonly redis: RedisSettings;
  readonly namespace: string;
  /** all queues of the app */
  readonly queues: readonly string[];
  /** how long a command may take, in ms */
  readonly commandTimeoutMs: number;
  /** replicas that must have what is enqueued; none by default */
  readonly replicas?: number;
  readonly onOutage?: OutageListener;
  readonly onWarning?: (warning: string) => void;
}

/** The longest that a connection blocks, in ms; then it asks again, should a token have been lost. */
const LONGEST_WAIT_MS = 5_000;

/** Instead of a limit: return what the child holds. */
const RECOVER = -1;

/**
 * The broker over Redis: one script per transition (see lua/), nothing else.
 *
 * It holds one connection, and a second one that blocks: on bells in a child, on the alarm in a supervisor.
 */
export class RedisBroker implements Broker {
  readonly deadLetters: RedisDeadLetters;
  readonly stream: BroadcastStream;
  readonly broadcasts: RedisBroadcastRecords;
  /** by `performance.now()` */
  readonly madeAtMs = performance.now();
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private readonly tokens: BlockingList;
  readonly crons: RedisCrons;
  readonly metrics: RedisMetrics;
  private readonly foreign: ForeignValues;
  private readonly finder: TaskFinder;
  private readonly together: EnqueueTogether;
  private readonly tagReaders: TagReaders;

  constructor(private readonly options: RedisBrokerOptions) {
    this.keys = redisKeys(options.namespace);
    this.connection = new RedisConnection(options.redis, options.commandTimeoutMs, options.onOutage);
    this.foreign = new ForeignValues(options.onWarning);
    this.crons = new RedisCrons(this.connection, this.keys, this.foreign);
    this.metrics = new RedisMetrics(this.connection, this.keys);
    this.together = new EnqueueTogether((queue, block, messages) =>
      enqueueChunk(this.connection, this.keys, queue, block, messages),
    );
    this.tagReaders = new TagReaders(this.connection, this.keys);
    this.finder = new TaskFinder(this.connection, this.keys, options.queues);
    this.deadLetters = new RedisDeadLetters(this.connection, this.keys, this.foreign);
    this.broadcasts = new RedisBroadcastRecords(this.connection, this.keys, this.foreign);
    this.tokens = new BlockingList((ms) => this.openBlocking(ms), LONGEST_WAIT_MS);
    this.stream = new BroadcastStream(this.connection, this.keys, (ms) => this.openBlocking(ms));
  }

  async connect(): Promise<void> {
    const warnings = await this.connection.start(() => checkServer(this.connection, this.keys));
    for (const warning of warnings) this.options.onWarning?.(warning);
  }

  async close(): Promise<void> {
    this.together.flush();
    this.stopWaiting();
    this.stream.stopWaiting();
    this.connection.close();
  }

  queueStates(queues: readonly string[]): Promise<QueueState[]> {
    return readQueueStates(this.connection, this.keys, queues);
  }

  async staleAcks(): Promise<number> {
    return Number(await this.connection.command((redis) => redis.hget(this.keys.stats(), 'stale-acks')));
  }

  async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.confirmed(messages, () => {
      // what was enqueued before comes before
      this.together.flush();
      return enqueueInChunks(this.connection, this.keys, queue, messages, due);
    });
  }

  async enqueueOne(queue: string, message: string): Promise<void> {
    try {
      await this.confirmed([message], () => this.together.add(queue, message));
    } catch (error) {
      throw unconfirmed(error, [message]);
    }
  }

  async broadcast(messages: readonly string[]): Promise<number> {
    return this.confirmed(messages, () => broadcastInChunks(this.connection, this.keys, messages));
  }

  async enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder> {
    const { queues } = this.options;
    const unique = { queue, message, ...options };
    return this.confirmed([message], () => {
      this.together.flush();
      return enqueueUnique(this.connection, this.keys, queues, unique);
    });
  }

  locate(id: string): Promise<TaskPlace> {
    return this.finder.locate(id);
  }

  cancel(id: string): Promise<TaskPlace> {
    return this.finder.cancel(id);
  }

  async queueOfTask(name: string): Promise<string | undefined> {
    const entry = await this.connection
      .command((redis) => redis.hget(this.keys.catalog(), name))
      .catch(
        unlooked(
          'to which queue the task belongs; nothing was added',
          'Repeat the call, or name the queue: queue.task(name).with({ queue }).',
        ),
      );
    return this.foreign.json(`The field "${name}" of ${this.keys.catalog()}`, entry, hasQueue)?.queue;
  }

  async claim(claimant: Claimant, { number, limit, acks, recover }: ClaimRequest): Promise<ClaimReply> {
    const { session, child, queues } = claimant;
    const input = { sessionId: session, child, number, limit: recover ? RECOVER : limit, acks: acks.join(''), queues };
    const [repeated, acked, drain, held, more] = await this.run('claim', input);
    const list = typeof held === 'string' ? held.split('\0') : held;
    const tasks = held === '' ? [] : list.map(parseHeld);
    return { repeated: repeated === 1, acked, drain: drain === 1, more: more === 1, tasks };
  }

  ack({ session, child }: Claimant, ids: readonly string[]): Promise<number> {
    return this.run('ack', { sessionId: session, child, ids });
  }

  async retry(
    { session, child }: Claimant,
    { id, queue }: Pick<ClaimedTask, 'id' | 'queue'>,
    { failures, inMs, line, counts }: Retry,
  ): Promise<boolean> {
    const attempt = { failures: failures.toString(36).padStart(2, '0'), delay: inMs, line, counts: counts ? 1 : 0 };
    return (await this.run('retry', { sessionId: session, child, id, queue, ...attempt })) === 1;
  }

  async bury({ session, child }: Claimant, task: BuriedTask, report: DeathReport, line = ''): Promise<boolean> {
    const { id, queue, message = '' } = task;
    const counters = message.slice(21, HEADER_LENGTH);
    // foreign bytes may not have come through as they are, and are never sent again
    const header = /^[0-9a-z]*$/.test(counters) ? counters : '';
    const death = { id, queue, report: JSON.stringify(report), line, header };
    return (await this.run('bury', { sessionId: session, child, ...death })) === 1;
  }

  release({ session, child, queues }: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    return this.run('release', { sessionId: session, child, queues, claimNumber: claimNumber ?? '', ids });
  }

  async waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    const bells = queues.map((queue) => this.keys.bell(queue));
    return this.tokens.wait(bells, timeoutMs);
  }

  async promote(limit: number): Promise<Promotion> {
    const [moved, next, ...wrong] = await this.run('promote', { queues: this.options.queues, limit });
    const refused = wrong.length > 0 ? wrong.map(unpromoted) : undefined;
    return { moved, nextInMs: next < 0 ? undefined : next, refused };
  }

  waitForAlarm(timeoutMs: number): Promise<boolean> {
    return this.tokens.wait([this.keys.alarm()], timeoutMs);
  }

  stopWaiting(): void {
    this.tokens.end();
  }

  async openSession({ session, leaseMs, queues, host, pid, catalog, app }: SessionDescription): Promise<void> {
    const description = [
      SERVED_QUEUES,
      queues.join(' '),
      `${DESCRIPTION}host`,
      host,
      `${DESCRIPTION}pid`,
      pid,
      READS,
      READ_TAGS,
    ];
    description.push(...declaredCrons(catalog), ...(app ? [APP, encodeAppTasks(app)] : []));
    const entries = catalog.flatMap(({ cron, ...entry }) => [entry.name, JSON.stringify(entry)]);
    await this.run('open-session', { sessionId: session, leaseMs, description, entries });
  }

  async register(session: string, child: string): Promise<boolean> {
    return (await this.run('register', { sessionId: session, child })) === 1;
  }

  async renew(session: string, leaseMs: number): Promise<boolean> {
    return (await this.run('renew', { sessionId: session, leaseMs })) === 1;
  }

  async closeSession(session: string): Promise<boolean> {
    return (await this.run('close-session', { sessionId: session })) === 1;
  }

  liveWorkers(): Promise<LiveWorker[]> {
    return readLiveWorkers(this.connection, this.keys);
  }

  async holdings({ session, child }: Claimant): Promise<{ claimNumber: number; ids: string[] }> {
    return this.connection.command(async (redis) => {
      // the number first: a claim that happens in between is then refused by its number
      const claimNumber = Number(await redis.hget(this.keys.session(session), child));
      return { claimNumber, ids: await redis.hkeys(this.keys.claims(child)) };
    });
  }

  async settle(claimant: Claimant, childExit: ChildExit): Promise<Settlement> {
    const { session, child, queues } = claimant;
    const input = { sessionId: session, child, childExit: JSON.stringify(childExit), queues };
    const [released, crashed, quarantined, dead, timedOut] = await this.run('settle', input);
    return { released, crashed, quarantined, dead, timedOut };
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const [next, ...sessions] = await this.run('overdue', { leaseMs });
    return { sessions, nextInMs: next < 0 ? undefined : next };
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    const fields = await this.connection.command((redis) => redis.hgetall(this.keys.session(session)));
    const children = Object.keys(fields).filter(isChild);
    const listed = queuesIn(fields[SERVED_QUEUES]);
    // a session whose hash was deleted lists none, and a child that was registered since may hold tasks
    const queues = listed.length > 0 ? listed : this.options.queues;
    const taken = await this.run('reap', { sessionId: session, leaseMs, children, queues });
    return taken === -1 ? undefined : taken;
  }

  /** Sends, and waits for the replicas if any are asked for. */
  private confirmed<T>(messages: readonly string[], send: () => Promise<T>): Promise<T> {
    if (messages.every(hasOldTagsOnly)) return this.sent(messages, send);
    return this.tagReaders.refuseUnread(messages).then(() => this.sent(messages, send));
  }

  private sent<T>(messages: readonly string[], send: () => Promise<T>): Promise<T> {
    return this.options.replicas ? this.onReplicas(this.options.replicas, messages, send) : send();
  }

  private async onReplicas<T>(replicas: number, messages: readonly string[], send: () => Promise<T>): Promise<T> {
    await this.connection.ready();
    const { current } = this.connection;
    const reply = await send();
    await replicated(this.connection, current, messages, replicas, this.options.commandTimeoutMs);
    return reply;
  }

  /** A connection for commands that block for so long; the other one reports its outages. */
  private openBlocking(timeoutMs: number): RedisConnection {
    return new RedisConnection(this.options.redis, timeoutMs + this.options.commandTimeoutMs);
  }

  private run<N extends ScriptName>(name: N, input: ScriptInput<N>): Promise<ScriptReply<N>> {
    return this.connection.call(this.keys, name, input);
  }
}

/** `<queue> <message>` */
function parseHeld(held: string): ClaimedTask {
  const space = held.indexOf(' ');
  const message = held.slice(space + 1);
  return { id: idOf(message), queue: held.slice(0, space), message };
}

function hasQueue(entry: unknown): entry is Pick<CatalogEntry, 'queue'> {
  return typeof entry === 'object' && entry !== null && 'queue' in entry && typeof entry.queue === 'string';
}
