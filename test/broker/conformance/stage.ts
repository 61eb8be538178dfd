import type {
  AppBroker,
  Broker,
  CatalogEntry,
  Claimant,
  ClaimedTask,
  ClaimReply,
  CronBroker,
  Death,
  DeathReport,
  LimitDeclaration,
  PromoterBroker,
} from '../../../src/broker/port/broker.js';
import type { PausePort } from '../../../src/broker/port/pause-port.js';
import { callTags } from '../../../src/message/call-tags.js';
import { encodeLimitTag } from '../../../src/message/limit-tag.js';
import { encodeOrderTag, fairDigest } from '../../../src/message/order-tag.js';
import { TaskIdSequence } from '../../../src/message/task-id.js';
import { encodeMessage } from '../../../src/message/task-message.js';
import { encodeDone } from '../../../src/message/task-result.js';
import { encodeUnique, type UniqueUntil } from '../../../src/message/unique-key.js';
import { encodePayload } from '../../../src/payload/payload.js';
import type { TestWork } from '../../../src/testing/test-work.js';

/** The queues of every broker that is tested, in the order of their priority. */
export const QUEUES = ['critical', 'default', 'bulk'];
export const LEASE_MS = 30_000;
export const MINUTE_MS = 60_000;
/** When messages are sent that have no other time. */
export const NEW_YEAR = Date.UTC(2026, 0, 1);
export const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
export const LINE = '\n{"at":1,"code":"TASK_FAILED"}';

/** The part of every broker. */
export type CommonBroker = AppBroker &
  Pick<PromoterBroker, 'promote'> & {
    readonly crons: Pick<CronBroker, 'survey' | 'declare' | 'fire' | 'noteEnds' | 'runTime'>;
  };

/** The part that a worker uses. */
export type Work = Omit<TestWork, 'promote'>;

/** One kind of broker, and power over its clock. */
export interface World<B extends CommonBroker = CommonBroker> {
  /** another one after a reset */
  readonly broker: B;
  /** Starts a worker that serves all queues, has these tasks and declares these limits. */
  work(catalog: readonly CatalogEntry[], limits: readonly LimitDeclaration[]): Promise<Work>;
  /** Its clock goes on, while supervisors renew the leases. */
  letTimePass(ms: number): Promise<void>;
  /** Empties it. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** One that has leases. */
export interface RedisWorld extends World<Broker & { readonly pauses: PausePort }> {
  /** Its clock goes on, and no supervisor is there. */
  fallSilent(ms: number): Promise<void>;
}

/** What says when a task may start. */
export interface Starting {
  /** limit keys */
  readonly limits?: readonly string[];
  readonly tenant?: string;
  readonly priority?: number;
  /** a unique key */
  readonly key?: string;
  readonly enqueuedAt?: number;
}

/** The stage on which every broker shows its behaviour, through the port alone. */
export class Stage<W extends World = World> {
  protected readonly ids = new TaskIdSequence();
  private started = 0;
  private working: Promise<Work> | undefined;

  constructor(readonly world: W) {}

  get broker(): W['broker'] {
    return this.world.broker;
  }

  message(...args: unknown[]): string {
    return this.encoded(args);
  }

  messages(count: number): string[] {
    return Array.from({ length: count }, (_, index) => this.message(index));
  }

  /** A message that may be there only once for its key. */
  unique(key: string, until: UniqueUntil = 'finished', ...args: unknown[]): string {
    return this.encoded(args, encodeUnique('Some.task', key, until));
  }

  /** A message of a task whose result is kept for so many seconds, announced to its sender. */
  asking(seconds: number): string {
    return this.encoded([], callTags(undefined, { seconds, announced: true }));
  }

  /** The one worker, which comes when it is first asked for. */
  work(catalog: readonly CatalogEntry[] = [], limits: readonly LimitDeclaration[] = []): Promise<Work> {
    this.working ??= this.world.work(catalog, limits);
    return this.working;
  }

  /** The same, which declares limits. */
  limited(...limits: (Partial<LimitDeclaration> & { name: string })[]): Promise<Work> {
    return this.work(
      [],
      limits.map((limit) => ({ keyed: false, ordered: false, ...limit })),
    );
  }

  /** A message of a task with limits, a tenant or a priority. */
  starting({ limits = [], tenant, priority = 0, key, enqueuedAt }: Starting = {}): string {
    const fair = tenant === undefined ? undefined : fairDigest(tenant);
    const order = priority > 0 || fair ? encodeOrderTag({ priority, ageMs: MINUTE_MS, fair }) : '';
    const unique = key === undefined ? '' : encodeUnique('Some.task', key, 'finished');
    return this.encoded([], unique + limits.map(encodeLimitTag).join('') + order, enqueuedAt);
  }

  /** Sends such a message, each a little later than the one before: those of one instant have no order. */
  async start(given: Starting = {}, queue = 'default'): Promise<string> {
    this.started += 1;
    const sent = { key: `key ${this.started}`, enqueuedAt: NEW_YEAR + this.started };
    const message = this.starting({ ...sent, ...given });
    await this.broker.enqueueUnique(queue, message, { due: undefined, replace: false });
    return idOf(message);
  }

  /** Ends a task as done. */
  async done(task: ClaimedTask): Promise<boolean> {
    return (await this.work()).claims.done(task, encodeDone(7));
  }

  /** Takes the next task. */
  async next(): Promise<ClaimedTask> {
    const { claims } = await this.work();
    const task = await claims.next();
    if (!task) throw new Error('Nothing is pending.');
    return task;
  }

  /** Sends a task and takes it. */
  async taken(message = this.message(), queue = 'default'): Promise<ClaimedTask> {
    await this.broker.enqueue(queue, [message]);
    return this.next();
  }

  /** Takes all that is pending, and gives nothing back. */
  async takeAll(most = Number.POSITIVE_INFINITY): Promise<string[]> {
    const { claims } = await this.work();
    const ids: string[] = [];
    while (ids.length < most) {
      const task = await claims.next();
      if (!task) break;
      ids.push(task.id);
    }
    return ids;
  }

  /** One task, dead. */
  async dead(message = this.message(), queue = 'default'): Promise<string> {
    const { claims } = await this.work();
    await claims.bury(await this.taken(message, queue), REPORT, LINE);
    return idOf(message);
  }

  /** Deaths of so many tasks, some in one instant or nearly so, the oldest first. */
  async deaths(count: number): Promise<Death[]> {
    const dead: Death[] = [];
    for (let index = 0; index < count; index += 1) {
      const entry = await this.broker.deadLetters.find('default', await this.dead());
      if (entry) dead.push({ id: entry.id, diedAt: entry.diedAt });
    }
    return dead.sort((a, b) => a.diedAt - b.diedAt || (a.id < b.id ? -1 : 1));
  }

  async state(message: string): Promise<string> {
    return (await this.broker.locate(idOf(message))).state;
  }

  private encoded(args: unknown[], tags?: string, enqueuedAt = NEW_YEAR): string {
    return encodeMessage({
      id: this.ids.next(),
      name: 'Some.task',
      payload: encodePayload(args),
      enqueuedAt,
      tags,
    });
  }
}

/** With sessions and children, as many as are needed. */
export class RedisStage extends Stage<RedisWorld> {
  private readonly claimNumbers = new Map<string, number>();

  /** A session with its lease. */
  async session(queues: readonly string[] = QUEUES, leaseMs = LEASE_MS): Promise<string> {
    const session = `s${this.ids.next()}-${leaseMs}`;
    await this.broker.openSession({ session, leaseMs, queues, host: 'here', pid: 7, catalog: [] });
    return session;
  }

  /** A registered child. */
  async child(queues: readonly string[] = QUEUES, session?: string): Promise<Claimant> {
    const its = session ?? (await this.session(queues));
    const child = `${its}.${this.ids.next()}`;
    await this.broker.register(its, child);
    return { session: its, child, queues };
  }

  /** The next claim of a child. */
  claim(claimant: Claimant, limit = 10, acks: readonly string[] = []): Promise<ClaimReply> {
    const number = (this.claimNumbers.get(claimant.child) ?? 0) + 1;
    this.claimNumbers.set(claimant.child, number);
    return this.broker.claim(claimant, { number, limit, acks });
  }

  /** The ids that a new child can claim now, in order; it gives nothing back. */
  async claimed(queues: readonly string[] = QUEUES, limit = 100): Promise<string[]> {
    const { tasks } = await this.claim(await this.child(queues), limit);
    return tasks.map(({ id }) => id);
  }

  /** A child that holds these, sent to a queue and claimed. */
  async holder(messages: readonly string[], queue = 'default'): Promise<{ child: Claimant; tasks: ClaimedTask[] }> {
    await this.broker.enqueue(queue, messages);
    const child = await this.child([queue]);
    const { tasks } = await this.claim(child, messages.length);
    return { child, tasks: [...tasks] };
  }
}

export function idOf(message: string): string {
  return message.slice(0, 20);
}

/** How often it failed, its process died of it alone, and beside others. */
export function countersOf(message: string): { failures: number; crashes: number; suspicions: number } {
  const [failures, crashes, suspicions] = [message.slice(21, 23), message.charAt(23), message.charAt(24)];
  const number = (digits: string): number => Number.parseInt(digits, 36);
  return { failures: number(failures), crashes: number(crashes), suspicions: number(suspicions) };
}
