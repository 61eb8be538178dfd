import { resultTagOf } from '../message/result-tag.js';
import { HEADER_LENGTH, READ_TAGS } from '../message/tags.js';
import { idOf } from '../message/task-message.js';
import { encodeAppTasks } from '../task/app-tasks.js';
import { RedisBroadcastRecords } from './broadcast-records.js';
import { BroadcastStream } from './broadcast-stream.js';
import { catalogOfQueues, RedisCatalog } from './catalog.js';
import { entryIn } from './entries.js';
import { declaredIn } from './limit-records.js';
import { readLiveWorkers } from './live-workers.js';
import type {
  Broker,
  BuriedTask,
  ChildExit,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  LiveWorker,
  Promotion,
  QueueState,
  QueueStatesOptions,
  RedisSettings,
  Retry,
  SessionDescription,
  Settlement,
  TaskPlace,
} from './port/broker.js';
import { RedisQueuePauses } from './queue-pauses.js';
import { readQueueStates } from './queue-states.js';
import { BlockingConnection } from './redis/blocking-connection.js';
import type { OutageListener } from './redis/outage.js';
import { checkServer, type ServerCheck } from './redis/redis-checks.js';
import { RedisConnection } from './redis/redis-connection.js';
import { unpromoted } from './redis/redis-errors.js';
import { redisKeys } from './redis/redis-keys.js';
import type { ScriptInput, ScriptReply } from './redis/scripts.js';
import { RedisActions } from './redis-actions.js';
import { RedisBacklog } from './redis-backlog.js';
import { RedisCheckup } from './redis-checkup.js';
import { RedisCrons } from './redis-crons.js';
import { RedisDeadLetters } from './redis-dead-letters.js';
import { RedisDone } from './redis-done.js';
import { RedisGroups } from './redis-groups.js';
import { RedisLimitRules } from './redis-limit-rules.js';
import { RedisLimits } from './redis-limits.js';
import { RedisMetrics } from './redis-metrics.js';
import { RedisNotes } from './redis-notes.js';
import { RedisProducer } from './redis-producer.js';
import { RedisRelay } from './redis-relay.js';
import { answersOf, RedisResults } from './redis-results.js';
import { RedisWorkers } from './redis-workers.js';
import { declaredCrons } from './session-crons.js';
import { LIMITS_OF_SESSION } from './session-limits.js';
import { APP, DESCRIPTION, isChild, queuesIn, READS, SERVED_QUEUES, ZONE_DATA } from './session-lists.js';
import { TaskFinder } from './task-finder.js';
import { RedisTaskPlaces } from './task-places.js';

export interface RedisBrokerOptions {
  readonly redis: RedisSettings;
  readonly namespace: string;
  /** all queues of the app */
  readonly queues: readonly string[];
  /** how long a command may take, in ms */
  readonly commandTimeoutMs: number;
  /** replicas that must have what is enqueued; none by default */
  readonly replicas?: number;
  /** how far `connect()` checks the server; `claim` by default */
  readonly check?: ServerCheck;
  readonly onOutage?: OutageListener;
  readonly onWarning?: (warning: string) => void;
}

/** The longest that a connection blocks, in ms; then it asks again, should a token have been lost. */
const LONGEST_WAIT_MS = 5_000;

/** Instead of a limit: return what the child holds. */
const RECOVER = -1;
/** The answer of a claim that did nothing, because its queues have limits or lines. */
const NEEDS_LIMITS = -1;
/** So many tasks with limits at once, for the script to be short. */
const MOST_LIMITED = 8;
/** For how long claims heed limits and lines after there were some, in ms: a claim that finds out asks twice. */
const LIMITED_MS = 2_000;

/**
 * The broker over Redis: one script per transition (see lua/), nothing else.
 *
 * It holds one connection, and a second one that blocks: on bells in a child, on the alarm in a supervisor.
 */
export class RedisBroker extends RedisProducer implements Broker {
  readonly namespace = this.options.namespace;
  /** by `performance.now()` */
  readonly madeAtMs = performance.now();
  readonly catalog = new RedisCatalog(this.connection, this.foreign);
  readonly pauses = new RedisQueuePauses(this.connection, this.foreign);
  readonly actions = new RedisActions(this.connection, this.foreign, this.options.onWarning);
  readonly backlog = new RedisBacklog(this.connection, this.pauses);
  readonly workers = new RedisWorkers(this.connection, this.foreign);
  readonly crons = new RedisCrons(this.connection, this.foreign);
  readonly metrics = new RedisMetrics(this.connection);
  readonly limits = new RedisLimits(this.connection);
  readonly limitRules = new RedisLimitRules(this.connection);
  readonly notes = new RedisNotes(this.connection);
  readonly done = new RedisDone(this.connection);
  readonly results = new RedisResults(this.connection, this.blocking(), LONGEST_WAIT_MS, this.options.queues);
  readonly groups = new RedisGroups(this.connection, this.options.queues, (messages, send) =>
    this.confirmed(messages, send),
  );
  readonly outbox = new RedisRelay(this.connection, this.options.queues, (messages, send) =>
    this.confirmed(messages, send),
  );
  readonly deadLetters = new RedisDeadLetters(this.connection, this.foreign);
  readonly checkup = new RedisCheckup(this.connection);
  readonly broadcasts = new RedisBroadcastRecords(this.connection, this.foreign);
  readonly stream = new BroadcastStream(this.connection, this.blocking());
  private readonly tokens = this.blocking();
  /** by `performance.now()` */
  private limitedUntilMs = Number.NEGATIVE_INFINITY;
  private readonly finder = new TaskFinder(this.connection, this.groups);
  readonly places = new RedisTaskPlaces(this.connection, this.finder);

  constructor(options: RedisBrokerOptions) {
    const { redis, namespace, commandTimeoutMs, onOutage } = options;
    super(new RedisConnection(redis, redisKeys(namespace), commandTimeoutMs, onOutage), options);
  }

  async connect(): Promise<void> {
    const warnings = await this.connection.start(() => checkServer(this.connection, this.options.check ?? 'claim'));
    for (const warning of warnings) this.options.onWarning?.(warning);
  }

  async close(): Promise<void> {
    this.flush();
    this.stopWaiting();
    this.stream.stopWaiting();
    this.results.stopWaiting();
    this.connection.close();
  }

  queueStates(queues: readonly string[], options: QueueStatesOptions = {}): Promise<QueueState[]> {
    return readQueueStates(this.connection, this.pauses, queues, options);
  }

  async staleAcks(): Promise<number> {
    return Number(await this.connection.command((redis, keys) => redis.hget(keys.stats(), 'stale-acks')));
  }

  locate(id: string): Promise<TaskPlace> {
    return this.finder.locate(id, this.options.queues);
  }

  cancel(id: string): Promise<TaskPlace> {
    return this.finder.cancel(id, this.options.queues);
  }

  async claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply> {
    const { session, child, queues } = claimant;
    const { number, acks, recover = false } = request;
    const limit = recover ? RECOVER : request.limit;
    const input = { sessionId: session, child, number, limit, acks: acks.join(''), queues };
    const limited = { ...input, limited: Math.min(request.limited ?? 0, MOST_LIMITED) };
    const isLimited = !recover && performance.now() < this.limitedUntilMs;
    let reply = isLimited ? await this.claimLimited(limited) : await this.connection.call('claim', input);
    if (reply[0] === NEEDS_LIMITS) reply = await this.claimLimited(limited);
    const [repeated, acked, drain, held, more, paused, stopped] = reply;
    const list = typeof held === 'string' ? held.split('\0') : held;
    const tasks = held === '' ? [] : list.map(parseHeld);
    return {
      repeated: repeated === 1,
      acked,
      drain: drain === 1,
      more: more === 1,
      paused: paused === '' ? undefined : paused.split(' '),
      stopped: stopped === '' ? undefined : idsIn(stopped),
      tasks,
    };
  }

  private async claimLimited(input: ScriptInput<'claim-limited'>): Promise<ScriptReply<'claim'>> {
    const [repeated, acked, drain, held, more, paused, stopped, needed] = await this.connection.call(
      'claim-limited',
      input,
    );
    if (needed === 1) this.limitedUntilMs = performance.now() + LIMITED_MS;
    return [repeated, acked, drain, held, more, paused, stopped];
  }

  ack({ session, child }: Claimant, ids: readonly string[]): Promise<number> {
    return this.connection.call('ack', { sessionId: session, child, ids });
  }

  async retry(
    { session, child }: Claimant,
    { id, queue }: Pick<ClaimedTask, 'id' | 'queue'>,
    { failures, inMs, line, counts, stop }: Retry,
  ): Promise<boolean> {
    const stops = { stopped: stop?.limit ?? '', stoppedMs: stop?.ms ?? 0 };
    const attempt = {
      failures: failures.toString(36).padStart(2, '0'),
      delay: inMs,
      line,
      counts: counts ? 1 : 0,
      ...stops,
    };
    return (await this.connection.call('retry', { sessionId: session, child, id, queue, ...attempt })) === 1;
  }

  async bury({ session, child }: Claimant, task: BuriedTask, report: DeathReport, line = ''): Promise<boolean> {
    const { id, queue, message = '' } = task;
    const counters = message.slice(21, HEADER_LENGTH);
    // foreign bytes may not have come through as they are, and are never sent again
    const header = /^[0-9a-z]*$/.test(counters) ? counters : '';
    const death = {
      id,
      queue,
      report: JSON.stringify(report),
      line,
      header,
      ...answersOf(resultTagOf(message) ? [id] : []),
    };
    return (await this.connection.call('bury', { sessionId: session, child, ...death })) === 1;
  }

  release({ session, child, queues }: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    return this.connection.call('release', { sessionId: session, child, queues, claimNumber: claimNumber ?? '', ids });
  }

  waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    return this.waitForToken(queues.map(this.connection.keys.bell), timeoutMs);
  }

  async promote(limit: number): Promise<Promotion> {
    return this.promoteIn(this.options.queues, limit);
  }

  private async promoteIn(queues: readonly string[], limit: number): Promise<Promotion> {
    const reply = await this.connection.call('promote', { queues, limit });
    const [moved, next, groups, foreign, unreached, ...wrong] = reply;
    // a limit that is shared with a queue of another app: its keys have to be declared
    const others = unreached.filter((queue) => !queues.includes(queue));
    if (others.length > 0) return this.promoteIn([...queues, ...others], limit);
    this.pauses.found(foreign);
    const more = groups === 1 && (await this.groups.tend());
    const refused = wrong.length > 0 ? wrong.map(unpromoted) : undefined;
    return { moved, nextInMs: more ? 0 : next < 0 ? undefined : next, refused };
  }

  waitForAlarm(timeoutMs: number): Promise<boolean> {
    return this.waitForToken([this.connection.keys.alarm()], timeoutMs);
  }

  stopWaiting(): void {
    this.tokens.end();
  }

  async openSession({
    session,
    leaseMs,
    queues,
    host,
    pid,
    catalog,
    app,
    limits = [],
  }: SessionDescription): Promise<void> {
    const description = [
      SERVED_QUEUES,
      queues.join(' '),
      `${DESCRIPTION}host`,
      host,
      `${DESCRIPTION}pid`,
      pid,
      READS,
      READ_TAGS,
      // also of a worker without crons: one may be set while it runs. A Node without Intl has none
      ...(process.versions.tz ? [ZONE_DATA, process.versions.tz] : []),
    ];
    description.push(...declaredCrons(catalog), ...(app ? [APP, encodeAppTasks(app)] : []));
    if (limits.length > 0) description.push(LIMITS_OF_SESSION, JSON.stringify(limits));
    const tasks = catalog.flatMap(({ crons, ...entry }) => [entry.name, JSON.stringify(entry)]);
    const entries = [...tasks, ...catalogOfQueues(queues)];
    await this.connection.call('open-session', {
      sessionId: session,
      leaseMs,
      description,
      ...declaredIn(limits),
      entries,
    });
  }

  async register(session: string, child: string): Promise<boolean> {
    return (await this.connection.call('register', { sessionId: session, child })) === 1;
  }

  async renew(session: string, leaseMs: number): Promise<boolean> {
    return (await this.connection.call('renew', { sessionId: session, leaseMs })) === 1;
  }

  async closeSession(session: string): Promise<boolean> {
    return (await this.connection.call('close-session', { sessionId: session })) === 1;
  }

  liveWorkers(): Promise<LiveWorker[]> {
    return readLiveWorkers(this.connection);
  }

  async holdings({ session, child }: Claimant): Promise<{ claimNumber: number; ids: string[] }> {
    return this.connection.command(async (redis, keys) => {
      // the number first: a claim that happens in between is then refused by its number
      const claimNumber = Number(await redis.hget(keys.session(session), child));
      return { claimNumber, ids: await redis.hkeys(keys.claims(child)) };
    });
  }

  async settle(claimant: Claimant, childExit: ChildExit): Promise<Settlement> {
    const { session, child, queues } = claimant;
    const { blamed, done, timedOut: late, dropped = [] } = childExit;
    const noting = [...new Set([...blamed, ...late.map(({ id }) => id)])];
    const answers = answersOf([...new Set([...noting, ...done, ...dropped])]);
    const input = { sessionId: session, child, childExit: JSON.stringify(childExit), queues, noting, ...answers };
    const [released, crashed, quarantined, dead, timedOut] = await this.connection.call('settle', input);
    return { released, crashed, quarantined, dead, timedOut };
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const [next, ...sessions] = await this.connection.call('overdue', { leaseMs });
    return { sessions, nextInMs: next < 0 ? undefined : next };
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    const fields = await this.connection.command((redis, keys) => redis.hgetall(keys.session(session)));
    const children = Object.keys(fields).filter(isChild);
    const listed = queuesIn(fields[SERVED_QUEUES]);
    // a session whose hash was deleted lists none, and a child that was registered since may hold tasks
    const queues = listed.length > 0 ? listed : this.options.queues;
    const taken = await this.connection.call('reap', { sessionId: session, leaseMs, children, queues });
    return taken === -1 ? undefined : taken;
  }

  /** Takes a token from one of the lists. Resolves to whether there was one in time. */
  private waitForToken(lists: readonly string[], timeoutMs: number): Promise<boolean> {
    // 0 would wait for ever
    const seconds = Math.max(Math.min(timeoutMs, LONGEST_WAIT_MS), 1) / 1_000;
    return this.tokens.wait(LONGEST_WAIT_MS, (redis) => redis.blpop([...lists], seconds));
  }

  /** A connection for commands that block; the other one reports its outages. */
  private blocking(): BlockingConnection {
    const { redis, commandTimeoutMs } = this.options;
    return new BlockingConnection(
      (timeoutMs) => new RedisConnection(redis, this.connection.keys, timeoutMs + commandTimeoutMs),
    );
  }
}

/** Ids that stand one behind the other. */
function idsIn(text: string): string[] {
  return text.match(/.{20}/g) ?? [];
}

function parseHeld(held: string): ClaimedTask {
  const { queue, message } = entryIn(held);
  return { id: idOf(message), queue, message };
}
