import { NestworkError } from '../errors.js';
import { TASK_ID_LENGTH } from '../task/task-id.js';
import type {
  Broker,
  CatalogEntry,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  QueueState,
  RedisSettings,
  SessionDescription,
  Settlement,
  Verdict,
} from './broker.js';
import { enqueueInChunks, replicated } from './enqueue.js';
import { readQueueStates, SERVED_QUEUES } from './queue-states.js';
import { checkServer } from './redis-checks.js';
import { type OutageListener, RedisConnection } from './redis-connection.js';
import { RedisKeys } from './redis-keys.js';
import type { ScriptName } from './scripts.js';

export interface RedisBrokerOptions {
  readonly redis: RedisSettings;
  readonly namespace: string;
  /** how long a command may take, in ms */
  readonly commandTimeoutMs: number;
  /** replicas that must have what is enqueued; none by default */
  readonly replicas?: number;
  readonly onOutage?: OutageListener;
  readonly onWarning?: (warning: string) => void;
}

/** What of a session's hash describes it rather than a child. */
const DESCRIPTION = '@';

/**
 * The broker over Redis: one script per transition (see lua/), nothing else.
 *
 * It holds one connection, and a second one that blocks on bells once a child waits for work.
 */
export class RedisBroker implements Broker {
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private bell: RedisConnection | undefined;
  private waitingEnded = false;

  constructor(private readonly options: RedisBrokerOptions) {
    this.keys = new RedisKeys(options.namespace);
    this.connection = new RedisConnection(options.redis, options.commandTimeoutMs, options.onOutage);
  }

  async connect(): Promise<void> {
    await this.connection.ready();
    const warnings = await checkServer(this.connection, this.keys);
    for (const warning of warnings) this.options.onWarning?.(warning);
  }

  async close(): Promise<void> {
    this.stopWaiting();
    this.connection.close();
  }

  queueStates(queues: readonly string[]): Promise<QueueState[]> {
    return readQueueStates(this.connection, this.keys, queues);
  }

  async staleAcks(): Promise<number> {
    return Number(await this.connection.command((redis) => redis.hget(this.keys.stats(), 'stale-acks')));
  }

  async enqueue(queue: string, messages: readonly string[]): Promise<number> {
    const { replicas = 0, commandTimeoutMs } = this.options;
    await this.connection.ready();
    const { current } = this.connection;
    const added = await enqueueInChunks(this.connection, this.keys, queue, messages);
    if (replicas > 0) await replicated(this.connection, current, messages, replicas, commandTimeoutMs);
    return added;
  }

  async queueOfTask(name: string): Promise<string | undefined> {
    const entry = await this.connection.command((redis) => redis.hget(this.keys.catalog(), name)).catch(notEnqueued);
    return entry === null ? undefined : (JSON.parse(entry) as CatalogEntry).queue;
  }

  async claim(claimant: Claimant, { number, limit, acks }: ClaimRequest): Promise<ClaimReply> {
    const { queues, child } = claimant;
    const keys = [...this.held(claimant), this.keys.drain(), ...this.keys.ofQueues(queues), this.keys.stats()];
    const reply = await this.run('claim', keys, [child, number, limit, acks.length, ...acks, ...queues]);
    const [repeated, acked, drain, held] = reply as [number, number, number, string[]];
    return { repeated: repeated === 1, acked, drain: drain === 1, tasks: held.map(parseHeld) };
  }

  async ack(claimant: Claimant, ids: readonly string[]): Promise<number> {
    const keys = [...this.held(claimant), this.keys.stats()];
    return (await this.run('ack', keys, [claimant.child, ...ids])) as number;
  }

  async bury(
    claimant: Claimant,
    { id, queue }: Pick<ClaimedTask, 'id' | 'queue'>,
    report: DeathReport,
  ): Promise<boolean> {
    const keys = [...this.held(claimant), this.keys.dead(queue), this.keys.deadRecords(queue)];
    return (await this.run('bury', keys, [claimant.child, id, JSON.stringify(report)])) === 1;
  }

  async release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    const { queues, child } = claimant;
    const keys = [...this.held(claimant), ...this.keys.ofQueues(queues)];
    return (await this.run('release', keys, [child, claimNumber ?? '', queues.length, ...queues, ...ids])) as number;
  }

  async waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    if (this.waitingEnded) return false;
    const { redis, commandTimeoutMs } = this.options;
    this.bell ??= new RedisConnection(redis, timeoutMs + commandTimeoutMs);
    try {
      const bells = queues.map((queue) => this.keys.bell(queue));
      return (await this.bell.command((client) => client.blpop(bells, timeoutMs / 1_000))) !== null;
    } catch (error) {
      if (this.waitingEnded) return false;
      // ioredis would repeat over the next connection what timed out, and take a ring that nobody hears
      this.bell.close();
      this.bell = undefined;
      throw error;
    }
  }

  stopWaiting(): void {
    this.waitingEnded = true;
    this.bell?.close();
  }

  async openSession({ session, leaseMs, queues, host, pid, catalog }: SessionDescription): Promise<void> {
    const described = [SERVED_QUEUES, queues.join(' '), `${DESCRIPTION}host`, host, `${DESCRIPTION}pid`, pid];
    const entries = catalog.flatMap((entry) => [entry.name, JSON.stringify(entry)]);
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

  async settle(claimant: Claimant, { ids, done = [], maxCrashes, report }: Verdict): Promise<Settlement> {
    const { queues, child } = claimant;
    const keys = [...this.held(claimant), ...this.keys.ofQueuesAndDead(queues)];
    const lists = [queues.length, ...queues, ids.length, ...ids, ...done];
    const args = [child, maxCrashes, JSON.stringify(report), ...lists];
    const [released, crashed, suspected, dead] = (await this.run('settle', keys, args)) as [
      number,
      number,
      number,
      number,
    ];
    return { released, crashed, suspected, dead };
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const reply = await this.run('overdue', [this.keys.sessions(), this.keys.pulse()], [leaseMs]);
    const [next, ...sessions] = reply as [number, ...string[]];
    return { sessions, nextInMs: next < 0 ? undefined : next };
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    const fields = await this.connection.command((redis) => redis.hgetall(this.keys.session(session)));
    const children = Object.keys(fields).filter((field) => !field.startsWith(DESCRIPTION));
    const queues = fields[SERVED_QUEUES]?.split(' ') ?? [];
    const keys = [
      this.keys.sessions(),
      this.keys.session(session),
      this.keys.pulse(),
      ...children.map((child) => this.keys.claims(child)),
      ...this.keys.ofQueues(queues),
    ];
    const taken = await this.run('reap', keys, [session, leaseMs, children.length, ...children, ...queues]);
    return taken === -1 ? undefined : (taken as number);
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
  return { id: message.slice(0, TASK_ID_LENGTH), queue: held.slice(0, space), message };
}
