import type { Broker, Claimant, ClaimedTask, ClaimReply, DeathReport } from '../../../src/broker/broker.js';
import { encodePayload } from '../../../src/task/payload.js';
import { TaskIdSequence } from '../../../src/task/task-id.js';
import { encodeMessage } from '../../../src/task/task-message.js';
import { encodeUnique, type UniqueUntil } from '../../../src/task/unique-key.js';

/** The queues of every broker that is tested, in the order of their priority. */
export const QUEUES = ['critical', 'default', 'bulk'];
export const LEASE_MS = 30_000;
export const MINUTE_MS = 60_000;
export const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
export const LINE = '\n{"at":1,"code":"TASK_FAILED"}';

/** One kind of broker, and power over its clock. */
export interface World {
  /** another one after a reset */
  readonly broker: Broker;
  /** Its clock goes on, while supervisors keep the pulse of the leases. */
  letTimePass(ms: number): Promise<void>;
  /** Its clock goes on, and no supervisor is there. */
  fallSilent(ms: number): Promise<void>;
  /** Empties it. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** What the behaviour of a broker is played on: everything goes through the port. */
export class Stage {
  private readonly ids = new TaskIdSequence();
  private readonly claims = new Map<string, number>();

  constructor(readonly world: World) {}

  get broker(): Broker {
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
    const number = (this.claims.get(claimant.child) ?? 0) + 1;
    this.claims.set(claimant.child, number);
    return this.broker.claim(claimant, { number, limit, acks });
  }

  /** What a new child can claim now, in order; it gives nothing back. */
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

  /** One task, dead. */
  async dead(message = this.message(), queue = 'default'): Promise<string> {
    const { child, tasks } = await this.holder([message], queue);
    for (const task of tasks) await this.broker.bury(child, task, REPORT, LINE);
    return idOf(message);
  }

  async state(message: string): Promise<string> {
    return (await this.broker.locate(idOf(message))).state;
  }

  private encoded(args: unknown[], unique?: string): string {
    const enqueuedAt = Date.UTC(2026, 0, 1);
    return encodeMessage({ id: this.ids.next(), name: 'Some.task', payload: encodePayload(args), enqueuedAt, unique });
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
