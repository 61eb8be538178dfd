import { Redis } from 'ioredis';
import type { Claimant, ClaimReply, Verdict } from '../../src/broker/broker.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { encodePayload } from '../../src/task/payload.js';
import { TaskIdSequence } from '../../src/task/task-id.js';
import { encodeMessage } from '../../src/task/task-message.js';
import { type PrivateRedis, startPrivateRedis } from '../../src/testing/private-redis.js';
import { checkInvariants } from './invariants.js';

const QUEUES = ['default', 'bulk', 'critical'];

/** A broker on a Redis of its own, and a second connection that looks at what the scripts did. */
export class BrokerFixture {
  readonly ids = new TaskIdSequence();
  private claims = new Map<string, number>();

  private constructor(
    readonly server: PrivateRedis,
    readonly broker: RedisBroker,
    readonly redis: Redis,
  ) {}

  /** @param args further arguments of the server */
  static async start(args: readonly string[] = []): Promise<BrokerFixture> {
    const server = await startPrivateRedis({ args });
    const broker = new RedisBroker({
      redis: server.url,
      namespace: 'nestwork',
      queues: QUEUES,
      commandTimeoutMs: 5_000,
    });
    await broker.connect();
    return new BrokerFixture(server, broker, new Redis(server.url));
  }

  async stop(): Promise<void> {
    await this.broker.close();
    this.redis.disconnect();
    await this.server.stop();
  }

  /** Checks the invariants, then empties the server. */
  async reset(): Promise<void> {
    try {
      await checkInvariants(this.redis);
    } finally {
      await this.redis.flushall();
      this.claims.clear();
    }
  }

  message(name = 'Some.task', ...args: unknown[]): string {
    return encodeMessage({ id: this.ids.next(), name, payload: encodePayload(args), enqueuedAt: Date.now() });
  }

  messages(count: number): string[] {
    return Array.from({ length: count }, (_, index) => this.message('Some.task', index));
  }

  /** A registered child of a new session. */
  async child(queues: readonly string[] = ['default'], session = `s${this.ids.next()}-30000`): Promise<Claimant> {
    const description = { session, leaseMs: 30_000, queues, host: 'test', pid: 1, catalog: [] };
    if (!(await this.redis.zscore('{nestwork}:sessions', session))) await this.broker.openSession(description);
    const child = `${session}.${this.ids.next()}`;
    await this.broker.register(session, child);
    return { session, child, queues };
  }

  /** The next claim of a child. */
  async claim(claimant: Claimant, limit = 10, acks: readonly string[] = []): Promise<ClaimReply> {
    const number = (this.claims.get(claimant.child) ?? 0) + 1;
    this.claims.set(claimant.child, number);
    return this.broker.claim(claimant, { number, limit, acks });
  }

  /** Every key under the namespace with its whole value, `seen` bitmaps, `pulse` and `format` left out. */
  async state(): Promise<Record<string, unknown>> {
    const state: Record<string, unknown> = {};
    for (const key of (await this.redis.keys('{nestwork}:*')).sort()) {
      const name = key.slice('{nestwork}:'.length);
      if (/^(seen:|pulse$|format$)/.test(name)) continue;
      state[name] = await this.value(key);
    }
    return state;
  }

  private async value(key: string): Promise<unknown> {
    switch (await this.redis.type(key)) {
      case 'list':
        return this.redis.lrange(key, 0, -1);
      case 'hash':
        return this.redis.hgetall(key);
      case 'zset':
        return this.redis.zrange(key, '0', '-1');
      case 'stream':
        return this.redis.xrange(key, '-', '+');
      default:
        return this.redis.get(key);
    }
  }
}

/** What is known of the tasks of a child that ended: nothing, but for what is given. */
export function verdict(given: Partial<Verdict>): Verdict {
  return { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '{"code":"CRASHED"}', ...given };
}

export function idOf(message: string): string {
  return message.slice(0, 20);
}

/** The message with its counters changed, as a script would write them. */
export function counted(message: string, { crashes = 0, suspicions = 0 }): string {
  return `${message.slice(0, 23)}${crashes}${suspicions}${message.slice(25)}`;
}
