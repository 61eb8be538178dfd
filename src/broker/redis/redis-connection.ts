import { Redis } from 'ioredis';
import { inCleanContext } from '../../values/clean-context.js';
import type { RedisSettings } from '../port/broker.js';
import { address, DISCONNECT_MS, fixedOptions } from './client-options.js';
import { Deadlines } from './deadlines.js';
import { watchHandshake } from './handshake.js';
import { Outage, type OutageListener } from './outage.js';
import { Patience } from './patience.js';
import { explain, isBroken, isPassing, isTimeout, servesNoClient, takesNoWrites, timedOut } from './redis-errors.js';
import type { RedisKeys } from './redis-keys.js';
import { callScript } from './script-calls.js';
import { rightsOf } from './script-rights.js';
import type { ScriptInput, ScriptName, ScriptReply } from './scripts.js';
import { absence, closed, type Failure, refusal, standstill, type Target, unavailable } from './unavailable.js';

/** Sends a command about some of the keys. */
export type Run<T> = (redis: Redis, keys: RedisKeys) => Promise<T>;

/** What is known of a command from its earlier attempts. */
interface Attempts {
  /** whether a server that takes no writes may be asked once more */
  readonly again: boolean;
  /** whether one of them may have been executed, however the next one is answered */
  readonly resent: boolean;
  readonly patience?: Patience;
  /** the script that it calls, if it calls one */
  readonly script?: ScriptName;
}

const FIRST: Attempts = { again: true, resent: false };
/** The least time between two renewals. */
const RENEW_MS = 1_000;
/** A test runner gives a hook 5 s by default: a report that comes only when a call gives up would come too late. */
const ABSENT_MS = 1_000;

/**
 * One connection to one key space, which reconnects by itself for as long as it lives.
 *
 * A command is sent only over a connection that is up and in its database, so a command refused here was certainly not
 * executed. One that was sent and got no answer in time may have been; ioredis sends it again after a reconnect, which
 * the scripts recognise.
 */
export class RedisConnection {
  private readonly client: Redis;
  private readonly target: Target;
  private readonly deadlines: Deadlines;
  private waiting: Promise<void> | undefined;
  private readonly outage: Outage;
  private failure: Failure | undefined;
  private wasUp = false;
  private occasion: 'start' | 'call' = 'call';
  private unproven = false;
  private renewing = false;
  private closing = false;
  private generation = 0;
  private renewedAtMs = Number.NEGATIVE_INFINITY;
  private giveUpWaiting: () => void = () => {};

  constructor(
    settings: RedisSettings,
    readonly keys: RedisKeys,
    private readonly timeoutMs: number,
    listener?: OutageListener,
  ) {
    this.deadlines = new Deadlines(timeoutMs, timedOut);
    const options = fixedOptions(timeoutMs);
    this.client = typeof settings === 'string' ? new Redis(settings, options) : new Redis({ ...settings, ...options });
    this.target = { where: address(this.client.options), database: this.client.options.db ?? 0 };
    this.outage = new Outage(this.where, listener);
    this.followAttempts();
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

  /** Address of the server, without credentials. */
  get where(): string {
    return this.target.where;
  }

  /** Number of its database. */
  get database(): number {
    return this.target.database;
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

  /** Is ready, and does what comes before everything else; what fails meanwhile says what to do about a failed start. */
  async start<T>(first: () => Promise<T>): Promise<T> {
    this.occasion = 'start';
    try {
      await this.ready();
      return await first();
    } finally {
      this.occasion = 'call';
    }
  }

  /** Runs a script over a connection that is up. */
  call<N extends ScriptName>(name: N, input: ScriptInput<N>): Promise<ScriptReply<N>> {
    return this.attempt((redis, keys) => callScript(redis, keys, name, input), { ...FIRST, script: name });
  }

  /**
   * Runs a command over a connection that is up.
   *
   * It is repeated where it was certainly not executed: once after the answer of a server that takes no writes, since by
   * now the sentinels may know the new primary; and for as long as the timeout while the server serves no client.
   */
  command<T>(run: Run<T>): Promise<T> {
    return this.attempt(run, FIRST);
  }

  private async attempt<T>(run: Run<T>, before: Attempts): Promise<T> {
    if (!this.isUp()) await this.ready();
    const { generation } = this;
    const received = this.bytesReceived();
    try {
      const reply = await this.deadlines.within(run(this.client, this.keys));
      // over a connection that is being given up it says nothing about the next one
      if (!this.renewing) {
        this.unproven = false;
        this.noteReturn();
      }
      return reply;
    } catch (reason) {
      const cause = reason as Error;
      const resent = before.resent || generation !== this.generation;
      const { where, timeoutMs, occasion } = this;
      const rights = before.script === undefined ? undefined : () => rightsOf(before.script as ScriptName, this.keys);
      const error = explain(cause, { where, timeoutMs, resent, occasion, script: before.script, rights });
      const silent = isTimeout(cause) && this.bytesReceived() === received;
      if (generation === this.generation && silent) this.noteLoss();
      if (generation === this.generation && (silent || takesNoWrites(error))) this.renew();
      if (before.again && takesNoWrites(error)) return this.attempt(run, { ...before, again: false, resent });
      if (!isPassing(cause)) throw error;
      const patience = before.patience ?? new Patience(this.timeoutMs);
      if (await patience.pause()) return this.attempt(run, { ...before, resent, patience });
      if (servesNoClient(cause) && !this.closing) this.outage.standStill(standstill(cause));
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

  /** Keeps the reason for which the latest attempt to connect failed. */
  private followAttempts(): void {
    let answered = false;
    this.client.on('connecting', () => {
      answered = false;
    });
    watchHandshake(this.client, (step, error) => {
      // of a failed HELLO or AUTH: the password
      Reflect.deleteProperty(error, 'command');
      answered = true;
      this.failure = { step, error };
      this.outage.refuse(refusal(this.target, this.failure));
    });
    this.client.on('error', (error: Error) => {
      Reflect.deleteProperty(error, 'command');
      // that a connection breaks which the server refuses is no reason
      if (!answered && !(this.failure?.step && isBroken(error))) this.failure = { error };
    });
  }

  /** How many bytes the server has sent over this connection: a slow server sends some now and then, a lost one none. */
  private bytesReceived(): number {
    return this.client.stream?.bytesRead ?? 0;
  }

  /**
   * Connects anew. A machine that is gone does not close its connections, and a primary that was replaced may stay
   * connected: only a new connection, by its sentinels if it has any, leads to the server that is in charge now.
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
        clearTimeout(impatience);
        this.client.off('ready', done).off('end', ended);
        if (error) reject(error);
        else resolve();
      };
      const ended = (): void => done(closed(this.target, this.failure));
      const late = (): void =>
        done(unavailable(this.target, this.occasion, `did not answer within ${this.timeoutMs} ms`, this.failure));
      // in a process that was busy itself the answer may have come, and wait to be read
      const timer = setTimeout(() => setImmediate(late), this.timeoutMs);
      const impatience = setTimeout(() => setImmediate(() => this.noteAbsence()), ABSENT_MS);
      this.client.once('ready', done).once('end', ended);
      this.giveUpWaiting = ended;
      if (this.closing) ended();
      else if (this.client.status === 'wait' || this.client.status === 'end')
        inCleanContext(() => this.client.connect().catch(() => {}));
    });
  }

  private noteLoss(): void {
    if (!this.closing && this.wasUp) this.outage.begin();
  }

  private noteAbsence(): void {
    // a call that gives up as early says the same
    if (this.closing || this.wasUp || this.timeoutMs <= ABSENT_MS) return;
    const { target, failure, timeoutMs } = this;
    this.outage.beginAbsent(
      ABSENT_MS,
      absence(target, { forMs: ABSENT_MS, timeoutMs, failure }),
      failure && refusal(target, failure),
    );
  }

  private noteReturn(): void {
    this.failure = undefined;
    this.outage.end();
  }
}
