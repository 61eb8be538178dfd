import { NestworkError } from '../errors.js';
import { HEADER_LENGTH, idOf } from '../task/task-message.js';
import { BlockingList } from './blocking-list.js';
import { RedisBroadcastRecords } from './broadcast-records.js';
import { BroadcastStream } from './broadcast-stream.js';
import type {
  Broker,
  BuriedTask,
  CatalogEntry,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeadLetterBroker,
  DeathReport,
  Due,
  KeyHolder,
  Promotion,
  QueueState,
  RedisSettings,
  Retry,
  SessionDescription,
  Settlement,
  TaskPlace,
  UniqueOptions,
  Verdict,
} from './broker.js';
import { broadcastInChunks, enqueueChunk, enqueueInChunks, enqueueUnique, replicated, unconfirmed } from './enqueue.js';
import { EnqueueTogether } from './enqueue-together.js';
import { readQueueStates, SERVED_QUEUES } from './queue-states.js';
import { checkServer } from './redis-checks.js';
import { type OutageListener, RedisConnection } from './redis-connection.js';
import { RedisCrons } from './redis-crons.js';
import { RedisDeadLetters } from './redis-dead-letters.js';
import { unpromoted } from './redis-errors.js';
import { RedisKeys } from './redis-keys.js';
import type { ScriptName } from './scripts.js';
import { declaredCrons } from './session-crons.js';
import { DESCRIPTION, isChild } from './session-lists.js';
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

/** Instead of a limit: tell what the child holds. */
const RECOVER = -1;

/**
 * The broker over Redis: one script per transition (see lua/), nothing else.
 *
 * It holds one connection, and a second one that blocks: on bells in a child, on the alarm in a supervisor.
 */
export class RedisBroker implements Broker {
  readonly deadLetters: DeadLetterBroker;
  readonly stream: BroadcastStream;
  readonly broadcasts: RedisBroadcastRecords;
  /** by `performance.now()` */
  readonly madeAtMs = performance.now();
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private readonly tokens: BlockingList;
  readonly crons: RedisCrons;
  private readonly finder: TaskFinder;
  private readonly together: EnqueueTogether;

  constructor(private readonly options: RedisBrokerOptions) {
    this.keys = new RedisKeys(options.namespace);
    this.connection = new RedisConnection(options.redis, options.commandTimeoutMs, options.onOutage);
    this.crons = new RedisCrons(this.connection, this.keys);
    this.together = new EnqueueTogether(this.keys, (queue, seen, messages) =>
      enqueueChunk(this.connection, this.keys, queue, seen, messages),
    );
    this.finder = new TaskFinder(this.connection, this.keys, options.queues);
    this.deadLetters = new RedisDeadLetters(this.connection, this.keys);
    this.broadcasts = new RedisBroadcastRecords(this.connection, this.keys);
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
    const entry = await this.connection.command((redis) => redis.hget(this.keys.catalog(), name)).catch(notEnqueued);
    return entry === null ? undefined : (JSON.parse(entry) as CatalogEntry).queue;
  }

  async claim(claimant: Claimant, { number, limit, acks, recover }: ClaimRequest): Promise<ClaimReply> {
    const { queues, child } = claimant;
    const shared = [this.keys.drain(), this.keys.unique(), this.keys.stats()];
    const keys = [...this.held(claimant), ...shared, ...this.keys.ofQueues(queues)];
    const reply = await this.run('claim', keys, [child, number, recover ? RECOVER : limit, acks.join(''), ...queues]);
    const [repeated, acked, drain, held, more] = reply as [number, number, number, string | string[], number?];
    const list = typeof held === 'string' ? held.split('\0') : held;
    const tasks = held === '' ? [] : list.map(parseHeld);
    return { repeated: repeated === 1, acked, drain: drain === 1, more: more === 1, tasks };
  }

  async ack(claimant: Claimant, ids: readonly string[]): Promise<number> {
    const keys = [...this.held(claimant), this.keys.unique(), this.keys.stats()];
    return (await this.run('ack', keys, [claimant.child, ...ids])) as number;
  }

  async retry(
    claimant: Claimant,
    { id, queue }: Pick<ClaimedTask, 'id' | 'queue'>,
    { failures, inMs, line, counts }: Retry,
  ): Promise<boolean> {
    const keys = [
      ...this.held(claimant),
      this.keys.unique(),
      this.keys.alarm(),
      this.keys.cancelled(),
      ...this.keys.ofQueues([queue]),
      this.keys.scheduled(queue),
    ];
    const expected = failures.toString(36).padStart(2, '0');
    return (await this.run('retry', keys, [claimant.child, id, expected, inMs, line, counts ? 1 : 0])) === 1;
  }

  async bury(claimant: Claimant, task: BuriedTask, report: DeathReport, line = ''): Promise<boolean> {
    const { id, queue, message = '' } = task;
    const dead = [this.keys.dead(queue), this.keys.deadRecords(queue), this.keys.cancelled()];
    const keys = [...this.held(claimant), this.keys.unique(), ...dead];
    const header = message.slice(21, HEADER_LENGTH);
    // foreign bytes may not have come through as they are, and nobody sends them again
    const expected = /^[0-9a-z]*$/.test(header) ? header : '';
    const args = [claimant.child, id, JSON.stringify(report), line, expected];
    return (await this.run('bury', keys, args)) === 1;
  }

  async release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    const { queues, child } = claimant;
    const keys = [...this.held(claimant), this.keys.cancelled(), this.keys.unique(), ...this.keys.ofQueues(queues)];
    return (await this.run('release', keys, [child, claimNumber ?? '', queues.length, ...queues, ...ids])) as number;
  }

  async waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    const bells = queues.map((queue) => this.keys.bell(queue));
    return this.tokens.wait(bells, timeoutMs);
  }

  async promote(limit: number): Promise<Promotion> {
    const reply = await this.run('promote', this.keys.ofSchedules(this.options.queues), [limit]);
    const [moved, next, ...wrong] = reply as [number, number, ...string[]];
    const refused = wrong.length > 0 ? wrong.map(unpromoted) : undefined;
    return { moved, nextInMs: next < 0 ? undefined : next, refused };
  }

  waitForAlarm(timeoutMs: number): Promise<boolean> {
    return this.tokens.wait([this.keys.alarm()], timeoutMs);
  }

  stopWaiting(): void {
    this.tokens.end();
  }

  async openSession({ session, leaseMs, queues, host, pid, catalog }: SessionDescription): Promise<void> {
    const described = [SERVED_QUEUES, queues.join(' '), `${DESCRIPTION}host`, host, `${DESCRIPTION}pid`, pid];
    described.push(...declaredCrons(catalog));
    const entries = catalog.flatMap(({ cron, ...entry }) => [entry.name, JSON.stringify(entry)]);
    const keys = [this.keys.sessions(), this.keys.session(session), this.keys.pulse(), this.keys.catalog()];
    await this.run('open-session', keys, [session, leaseMs, described.length, ...described, ...entries]);
  }

  async register(session: string, child: string): Promise<boolean> {
    const keys = [this.keys.sessions(), this.keys.session(session)];
    return (await this.run('register', keys, [session, child])) === 1;
  }

  async renew(session: string, leaseMs: number): Promise<boolean> {
    return (await this.run('renew', [this.keys.sessions(), this.keys.pulse()], [session, leaseMs])) === 1;
  }

  async closeSession(session: string): Promise<boolean> {
    const keys = [this.keys.sessions(), this.keys.session(session)];
    return (await this.run('close-session', keys, [session])) === 1;
  }

  async holdings({ session, child }: Claimant): Promise<{ claimNumber: number; ids: string[] }> {
    return this.connection.command(async (redis) => {
      // the number first: a claim that happens in between is then refused by its number
      const claimNumber = Number(await redis.hget(this.keys.session(session), child));
      return { claimNumber, ids: await redis.hkeys(this.keys.claims(child)) };
    });
  }

  async settle(claimant: Claimant, verdict: Verdict): Promise<Settlement> {
    const { queues, child } = claimant;
    const shared = [this.keys.unique(), this.keys.alarm(), this.keys.cancelled()];
    const keys = [...this.held(claimant), ...shared, ...this.keys.ofQueuesAndDead(queues)];
    const counts = await this.run('settle', keys, [child, JSON.stringify(verdict), ...queues]);
    const [released = 0, crashed = 0, suspected = 0, dead = 0, timedOut = 0] = counts as number[];
    return { released, crashed, suspected, dead, timedOut };
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const reply = await this.run('overdue', [this.keys.sessions(), this.keys.pulse()], [leaseMs]);
    const [next, ...sessions] = reply as [number, ...string[]];
    return { sessions, nextInMs: next < 0 ? undefined : next };
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    const fields = await this.connection.command((redis) => redis.hgetall(this.keys.session(session)));
    const children = Object.keys(fields).filter(isChild);
    const queues = fields[SERVED_QUEUES]?.split(' ') ?? [];
    const keys = [
      this.keys.sessions(),
      this.keys.session(session),
      this.keys.pulse(),
      this.keys.cancelled(),
      this.keys.unique(),
      ...children.map((child) => this.keys.claims(child)),
      ...this.keys.ofQueues(queues),
    ];
    const taken = await this.run('reap', keys, [session, leaseMs, children.length, ...children, ...queues]);
    return taken === -1 ? undefined : (taken as number);
  }

  /** Sends, and waits for the replicas if any are asked for. */
  private confirmed<T>(messages: readonly string[], send: () => Promise<T>): Promise<T> {
    return this.options.replicas ? this.onReplicas(this.options.replicas, messages, send) : send();
  }

  private async onReplicas<T>(replicas: number, messages: readonly string[], send: () => Promise<T>): Promise<T> {
    await this.connection.ready();
    const { current } = this.connection;
    const reply = await send();
    await replicated(this.connection, current, messages, replicas, this.options.commandTimeoutMs);
    return reply;
  }

  /** A connection for commands that block for so long; its outages are told by the other one. */
  private openBlocking(timeoutMs: number): RedisConnection {
    return new RedisConnection(this.options.redis, timeoutMs + this.options.commandTimeoutMs);
  }

  private held({ session, child }: Claimant): [string, string] {
    return [this.keys.session(session), this.keys.claims(child)];
  }

  private run(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.connection.call(name, keys, args);
  }
}

/** A lookup that got no answer has changed nothing. */
function notEnqueued(error: unknown): never {
  if (!(error instanceof NestworkError) || error.code !== 'REDIS_TIMEOUT') throw error;
  throw new NestworkError(
    'REDIS_UNAVAILABLE',
    'Redis did not say in time to which queue the task belongs; nothing was added.',
    'Repeat the call, or name the queue: queue.task(name).with({ queue }).',
    { cause: error },
  );
}

/** `<queue> <message>` */
function parseHeld(held: string): ClaimedTask {
  const space = held.indexOf(' ');
  const message = held.slice(space + 1);
  return { id: idOf(message), queue: held.slice(0, space), message };
}
