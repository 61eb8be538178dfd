import { Redis, type RedisOptions } from 'ioredis';
import { NestworkError } from '../errors.js';
import { inCleanContext } from '../task/clean-context.js';
import { printable } from '../task/printable.js';
import type { RedisSettings } from './broker.js';
import { Deadlines } from './deadlines.js';
import { explain, isTimeout, takesNoWrites, timedOut } from './redis-errors.js';
import { callScript, type ScriptName, scriptDefinitions } from './scripts.js';

/** Is told of each outage once, however many attempts to reconnect it takes. */
export interface OutageListener {
  lost(where: string): void;
  restored(where: string, afterMs: number): void;
}

const SILENT: OutageListener = { lost: () => {}, restored: () => {} };
const DISCONNECT_MS = 50;
const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1_000;
/** The least time between two renewals. */
const RENEW_MS = 1_000;

/**
 * One connection that reconnects by itself for as long as it lives.
 *
 * A command is sent only over a connection that is up, so a command refused here was certainly not executed. One that
 * was sent and got no answer in time may have been; ioredis sends it again after a reconnect, which the scripts recognise.
 */
export class RedisConnection {
  private readonly client: Redis;
  private readonly where: string;
  private readonly deadlines: Deadlines;
  private waiting: Promise<void> | undefined;
  private lostAt: number | undefined;
  private lastError: Error | undefined;
  private wasUp = false;
  private unproven = false;
  private renewing = false;
  private closing = false;
  private generation = 0;
  private renewedAtMs = Number.NEGATIVE_INFINITY;
  private giveUpWaiting: () => void = () => {};

  constructor(
    settings: RedisSettings,
    private readonly timeoutMs: number,
    private readonly listener: OutageListener = SILENT,
  ) {
    this.deadlines = new Deadlines(timeoutMs, timedOut);
    const options: RedisOptions = {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: null,
      connectTimeout: timeoutMs,
      // of the commands that make a connection; those sent over it have deadlines
      commandTimeout: timeoutMs,
      // without it a sentinel that is silent would be waited for forever, though others may answer
      sentinelCommandTimeout: timeoutMs,
      // a server does not close a connection that blocks, and nothing of it is wanted any more
      disconnectTimeout: DISCONNECT_MS,
      autoResendUnfulfilledCommands: true,
      stringNumbers: false,
      replyMapping: 'legacy',
      scripts: scriptDefinitions,
      retryStrategy: (attempt) => Math.min(RECONNECT_MIN_MS * 2 ** Math.min(attempt, 10), RECONNECT_MAX_MS),
    };
    this.client = typeof settings === 'string' ? new Redis(settings, options) : new Redis({ ...settings, ...options });
    this.where = address(this.client.options);
    this.client.on('error', (error: Error) => {
      // of a failed HELLO or AUTH: the password
      Reflect.deleteProperty(error, 'command');
      this.lastError = error;
    });
    this.client.on('close', () => {
      this.unproven = this.renewing;
      this.renewing = false;
      this.client.options.commandTimeout = timeoutMs;
      this.noteLoss();
    });
    this.client.on('ready', () => {
      this.generation += 1;
      this.wasUp = true;
      this.client.options.commandTimeout = undefined;
      // a server whose clients may not write lets them connect: after a renewal only an answer proves that it is back
      if (!this.unproven) this.noteReturn();
    });
  }

  /** Which connection this is, counted from the first: after a failover the next one may lead to another server. */
  get current(): number {
    return this.generation;
  }

  /** Resolves when the connection is up; rejects with REDIS_UNAVAILABLE after the timeout, or once it is closed. */
  async ready(): Promise<void> {
    if (this.isUp()) return;
    this.waiting ??= this.untilReady().finally(() => {
      this.waiting = undefined;
    });
    return this.waiting;
  }

  /** Runs a script over a connection that is up. */
  call(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.command((redis) => callScript(redis, name, keys, args));
  }

  /**
   * Runs a command over a connection that is up.
   *
   * @param again whether to ask once more after the answer of a server that takes no writes: nothing was written, and by
   *   now the sentinels may know the new primary
   */
  async command<T>(run: (redis: Redis) => Promise<T>, again = true): Promise<T> {
    if (!this.isUp()) await this.ready();
    const { generation } = this;
    const heard = this.bytesHeard();
    try {
      const reply = await this.deadlines.within(run(this.client));
      // over a connection that is being given up it says nothing about the next one
      if (!this.renewing) {
        this.unproven = false;
        this.noteReturn();
      }
      return reply;
    } catch (cause) {
      const error = explain(cause as Error, this.where, this.timeoutMs);
      const silent = isTimeout(cause as Error) && this.bytesHeard() === heard;
      if (generation === this.generation && silent) this.noteLoss();
      if (generation === this.generation && (silent || takesNoWrites(error))) this.renew();
      if (again && takesNoWrites(error)) return this.command(run, false);
      throw error;
    }
  }

  /** Closes at once; commands under way reject, unless their answer comes in this moment. Idempotent. */
  close(): void {
    this.closing = true;
    this.client.disconnect();
    // between two attempts to connect there is nothing that could end
    this.giveUpWaiting();
    // ioredis forgets what it was to send again over the next connection
    this.deadlines.close(2 * DISCONNECT_MS);
  }

  /** What the server has sent over this connection: one that is slow says something now and then, one that is gone does not. */
  private bytesHeard(): number {
    return this.client.stream?.bytesRead ?? 0;
  }

  /**
   * Connects anew. A machine that is gone does not close its connections, and a primary that was replaced may stay
   * connected: only the way to the server, by its sentinels if it has any, tells which one to talk to now.
   */
  private renew(): void {
    const now = performance.now();
    // a server that takes no writes for a while must not be flooded with connections
    if (!this.isUp() || now - this.renewedAtMs < RENEW_MS) return;
    this.renewedAtMs = now;
    this.renewing = true;
    inCleanContext(() => this.client.disconnect(true));
  }

  /** Once it is closing, what is sent may or may not leave. */
  private isUp(): boolean {
    return this.client.status === 'ready' && !this.closing && !this.renewing;
  }

  private untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => {
        clearTimeout(timer);
        this.client.off('ready', done).off('end', ended);
        if (error) reject(error);
        else resolve();
      };
      const ended = (): void => done(this.unavailable('is closed'));
      const late = (): void => done(this.unavailable(`did not answer within ${this.timeoutMs} ms`));
      // in a process that was busy itself the answer may have come, and wait to be read
      const timer = setTimeout(() => setImmediate(late), this.timeoutMs);
      this.client.once('ready', done).once('end', ended);
      this.giveUpWaiting = ended;
      if (this.closing) ended();
      else if (this.client.status === 'wait' || this.client.status === 'end')
        inCleanContext(() => this.client.connect().catch(() => {}));
    });
  }

  private unavailable(what: string): NestworkError {
    return new NestworkError(
      'REDIS_UNAVAILABLE',
      `Redis at ${this.where} ${what}${this.lastError ? ` (${printable(this.lastError.message, 1_000)})` : ''}.`,
      [
        'Check that a Redis 7 server runs there, with or without TLS as the `redis` option of TaskQueueModule says.',
        'Without a `redis` option, say because a variable of the environment is not set, it is 127.0.0.1:6379.',
        'Nothing was sent, so the call can simply be repeated.',
      ],
      { cause: this.lastError },
    );
  }

  private noteLoss(): void {
    if (this.closing || !this.wasUp || this.lostAt !== undefined) return;
    this.lostAt = Date.now();
    inCleanContext(() => this.listener.lost(this.where));
  }

  private noteReturn(): void {
    this.lastError = undefined;
    if (this.lostAt === undefined) return;
    const afterMs = Date.now() - this.lostAt;
    inCleanContext(() => this.listener.restored(this.where, afterMs));
    this.lostAt = undefined;
  }
}

/** Where the server is, without user and password. */
function address(options: RedisOptions): string {
  if (options.sentinels) return `sentinel group ${options.name ?? ''}`.trim();
  return options.path ?? `${options.host ?? 'localhost'}:${options.port ?? 6379}`;
}
