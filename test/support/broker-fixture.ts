import { Redis } from 'ioredis';
import type { ChildExit, Claimant, ClaimReply, LimitDeclaration, RedisSettings } from '../../src/broker/port/broker.js';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { callScript, scriptDefinitions } from '../../src/broker/redis/script-calls.js';
import type { ScriptInput, ScriptName, ScriptReply } from '../../src/broker/redis/scripts.js';
import { RedisBroker, type RedisBrokerOptions } from '../../src/broker/redis-broker.js';
import { READ_TAGS } from '../../src/message/tags.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique, type UniqueUntil } from '../../src/message/unique-key.js';
import { encodePayload } from '../../src/payload/payload.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { checkInvariants } from './invariants.js';
import { libraryArgs, libraryUrl } from './least-rights.js';
import { mapped, snapshot, type Value } from './snapshot.js';

const TAG = '{nestwork}:';

/** A server, or several of them. */
export interface Stoppable {
  stop(): Promise<void>;
}

const QUEUES = ['default', 'bulk', 'critical'];

/** A broker on a Redis of its own, and a second connection that reads the effects of the scripts. */
export class BrokerFixture<S extends Stoppable = RedisServer> {
  readonly ids = new TaskIdSequence();
  private claims = new Map<string, number>();

  private constructor(
    readonly server: S,
    readonly broker: RedisBroker,
    readonly redis: Redis,
    /** the option `redis` of an app on it */
    readonly settings: RedisSettings,
  ) {}

  /** @param args further arguments of the server */
  static async start(args: readonly string[] = []): Promise<BrokerFixture> {
    const server = await RedisServer.start({ args: [...args, ...libraryArgs()] });
    const redis = new Redis(server.url, { disconnectTimeout: 10 });
    return BrokerFixture.on(server, { redis: libraryUrl(server.url) }, redis);
  }

  /** A broker on the server, or the servers, that the test has started. */
  static async on<S extends Stoppable>(
    server: S,
    options: Pick<RedisBrokerOptions, 'redis'> & Partial<RedisBrokerOptions>,
    redis: Redis,
  ): Promise<BrokerFixture<S>> {
    const broker = new RedisBroker({ namespace: 'nestwork', queues: QUEUES, commandTimeoutMs: 5_000, ...options });
    await broker.connect();
    return new BrokerFixture(server, broker, redis, options.redis);
  }

  /** A second broker on the same server, to be closed by the test, and the moment at which it has lost that. */
  async anotherBroker(commandTimeoutMs = 30_000): Promise<{ broker: RedisBroker; lost: Promise<void> }> {
    let lost: () => void = () => {};
    const loss = new Promise<void>((resolve) => (lost = resolve));
    const onOutage = { lost, refused: () => {}, restored: () => {} };
    const options = { namespace: 'nestwork', queues: QUEUES, commandTimeoutMs, onOutage };
    const broker = new RedisBroker({ redis: this.settings, ...options });
    await broker.connect();
    return { broker, lost: loss };
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

  /** Calls a script with arguments that no broker would give it now. */
  call<N extends ScriptName>(name: N, input: ScriptInput<N>): Promise<ScriptReply<N>> {
    for (const [command, script] of Object.entries(scriptDefinitions)) this.redis.defineCommand(command, script);
    return callScript(this.redis, redisKeys('nestwork'), name, input);
  }

  message(name = 'Some.task', ...args: unknown[]): string {
    return encodeMessage({ id: this.ids.next(), name, payload: encodePayload(args), enqueuedAt: Date.now() });
  }

  /** A message of Some.task that may be there only once for its key. */
  uniqueMessage(key: string, until: UniqueUntil = 'finished', ...args: unknown[]): string {
    const name = 'Some.task';
    const unique = encodeUnique(name, key, until);
    return encodeMessage({
      id: this.ids.next(),
      name,
      payload: encodePayload(args),
      enqueuedAt: Date.now(),
      tags: unique,
    });
  }

  messages(count: number): string[] {
    return Array.from({ length: count }, (_, index) => this.message('Some.task', index));
  }

  /** A registered child of a new session, which declares these limits. */
  async child(
    queues: readonly string[] = ['default'],
    session = `s${this.ids.next()}-30000`,
    limits: readonly LimitDeclaration[] = [],
  ): Promise<Claimant> {
    const description = { session, leaseMs: 30_000, queues, host: 'test', pid: 1, catalog: [], limits };
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

  /** A child that has claimed these tasks, all of them. */
  async holderOf(messages: readonly string[], queue = 'default', queues = [queue]): Promise<Claimant> {
    const child = await this.child(queues);
    await this.broker.enqueue(queue, messages);
    await this.claim(child, messages.length);
    return child;
  }

  /** Redis time in ms. */
  async now(): Promise<number> {
    const [seconds, microseconds] = (await this.redis.time()).map(Number) as [number, number];
    return seconds * 1_000 + Math.floor(microseconds / 1_000);
  }

  /** When each message on the schedule of a queue is due, in ms since 1970. */
  async dueTimes(queue = 'default'): Promise<[message: string, due: number][]> {
    const flat = await this.redis.zrange(`{nestwork}:scheduled:${queue}`, '0', '-1', 'WITHSCORES');
    return flat.flatMap((message, index) => (index % 2 === 0 ? [[message, Number(flat[index + 1])]] : []));
  }

  /** Runs something while Redis takes no more data. */
  async whenFull<T>(run: () => Promise<T>): Promise<T> {
    await this.redis.config('SET', 'maxmemory', '1');
    try {
      return await run();
    } finally {
      await this.redis.config('SET', 'maxmemory', '0');
    }
  }

  /** Every key under the namespace with its whole value, `seen` bitmaps, `pulse`, `format`, the catalog's queues and all counts left out. */
  async state(): Promise<Record<string, unknown>> {
    const [, keys] = await snapshot(this.redis);
    const state: Record<string, unknown> = {};
    for (const [key, kind, value] of keys.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const name = key.startsWith(TAG) ? key.slice(TAG.length) : undefined;
      if (name === undefined || /^(seen:|pulse$|format$|metrics|totals$|endings$|flushed:|reported$)/.test(name))
        continue;
      if (name === 'catalog') Object.assign(state, catalogOfTasks(value));
      else if (kind === 'zset') state[name] = Object.keys(mapped(value, Number));
      else state[name] = kind === 'hash' ? mapped(value, String) : value;
    }
    return state;
  }
}

/** The report about a child that ended: empty but for the given fields. */
export function childExit(given: Partial<ChildExit>): ChildExit {
  return { blamed: [], done: [], timedOut: [], maxCrashes: 3, line: '', report: '{"code":"CRASHED"}', ...given };
}

export function idOf(message: string): string {
  return message.slice(0, 20);
}

/** The message with its counters changed, as a script would write them. */
export function counted(message: string, { crashes = 0, suspicions = 0 }): string {
  return `${message.slice(0, 23)}${crashes}${suspicions}${message.slice(25)}`;
}

/** The message after an attempt that failed: with so many failures, at this time, and a line more. */
export function triedAgain(message: string, failures: string, enqueuedAt: number, line: string): string {
  const time = enqueuedAt.toString(36).padStart(9, '0');
  return `${message.slice(0, 21)}${failures}${message.slice(23, 25)}${time}${message.slice(34)}${line}`;
}

/** The keys of a session and its only child as they stand when nothing is claimed. */
export function sessionState(claimant: Claimant, claimNumber = 1): Record<string, unknown> {
  return {
    sessions: [claimant.session],
    [`session:${claimant.session}`]: {
      '@host': 'test',
      '@pid': '1',
      '@reads': READ_TAGS,
      '@tz': process.versions.tz,
      '@queues': claimant.queues.join(' '),
      [claimant.child]: String(claimNumber),
    },
  };
}

/** Without the fields of the queues, which every session writes. */
function catalogOfTasks(flat: Value): Record<string, unknown> {
  const fields = Object.entries(mapped(flat, String)).filter(([field]) => !field.startsWith('@'));
  return fields.length > 0 ? { catalog: Object.fromEntries(fields) } : {};
}
