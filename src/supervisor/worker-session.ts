import { setTimeout as delay } from 'node:timers/promises';
import type { Claimant, Settlement } from '../broker/port/broker.js';
import type { Service } from '../maintenance/periodic-loop.js';
import { isLeaseLost, persist } from '../values/persist.js';
import { soon } from '../values/soon.js';
import { type Death, settlementOf } from './child-exit.js';
import { Session, type SessionOptions } from './session.js';

const RETRY_MS = 500;
/** How long each step of closing may wait for a Redis that does not answer, in ms; the lease runs out by itself. */
const CLOSE_MS = 2_000;

export interface WorkerSessionOptions extends SessionOptions {
  readonly services: readonly Service[];
  /** publishes what people see of the worker */
  readonly digest?: { changed(): void };
  /** The session was reaped, and another one is being opened. */
  readonly onSessionLost: () => void;
}

/** The parts of a supervisor that need the settings of the app: the broker, one session after another, and the loops. */
export class WorkerSession {
  private session: Promise<Session>;
  /** id of the session that is in force */
  current: string | undefined;
  private closing = false;

  constructor(private readonly options: WorkerSessionOptions) {
    this.session = this.openSession();
  }

  /** Rejects when Redis cannot serve. */
  async start(): Promise<void> {
    await this.session;
    for (const service of this.options.services) service.start();
  }

  /** Registers one more child, however long Redis is away. Undefined once closing. */
  async admit(): Promise<Claimant | undefined> {
    while (!this.closing) {
      const session = await this.session.catch(() => undefined);
      const child = await session?.register().catch(this.logAndContinue);
      if (session && child) return { session: session.id, child, queues: this.options.queues };
      await delay(RETRY_MS);
    }
    return undefined;
  }

  /**
   * Ends the claims of a child whose process is gone, however long Redis is away.
   *
   * @returns what became of them; undefined when others had taken them already, or once closing without Redis
   */
  async settle(claimant: Claimant, death: Death): Promise<Settlement | undefined> {
    const childExit = settlementOf(death);
    const { broker, onError } = this.options;
    const send = (): Promise<Settlement | undefined> => {
      const settled = broker.settle(claimant, childExit);
      return this.closing ? soon(settled, CLOSE_MS) : settled;
    };
    const isFinal = (error: unknown): boolean => this.closing || isLeaseLost(error);
    return persist(send, { retryMs: RETRY_MS, onError, isFinal }).catch(() => undefined);
  }

  /** The children or the state of the worker have changed. */
  changed(): void {
    this.options.digest?.changed();
  }

  /** Redis is back; it may have lost the session. */
  hurry(): void {
    void this.session.then((session) => session.hurry()).catch(() => {});
  }

  /** Opens another session in place of one that was reaped; every child may report that, once is enough. */
  replaceSession(lost: string): void {
    if (this.closing || this.current !== lost) return;
    this.current = undefined;
    const former = this.session;
    this.session = former.then((session) => session.abandon()).then(() => this.reopenSession());
    // at shutdown nothing may be waiting for it
    this.session.catch(() => {});
    this.options.onSessionLost();
  }

  /** From now on nothing waits for a Redis that does not answer: the lease runs out by itself. */
  hasten(): void {
    this.closing = true;
  }

  async close(): Promise<void> {
    this.hasten();
    const { broker, services } = this.options;
    const orderly = async (): Promise<void> => {
      await Promise.all(services.map((service) => service.stop()));
      await (await this.session).close();
    };
    await soon(
      orderly().catch(() => {}),
      CLOSE_MS,
    );
    // a command that Redis never answers must not be repeated for ever: it would keep the process alive
    void this.session.then((session) => session.abandon()).catch(() => {});
    await broker.close();
  }

  /** If Redis refuses to admit a child, but not because of an outage, only this line reports it. */
  private readonly logAndContinue = (error: unknown): undefined => {
    this.options.onError(error);
    return undefined;
  };

  private async openSession(): Promise<Session> {
    const session = new Session(this.options, (id) => this.replaceSession(id));
    this.current = session.id;
    await session.open();
    return session;
  }

  /** Rejects once closing: an endless retry would keep the process of an app alive. */
  private async reopenSession(): Promise<Session> {
    // also before the first attempt: a server on which no session lasts must not be flooded
    await delay(RETRY_MS);
    const open = async (): Promise<Session> => {
      if (this.closing) throw new Error('The worker is closing.');
      return this.openSession();
    };
    return persist(open, { retryMs: RETRY_MS, onError: this.options.onError, isFinal: () => this.closing });
  }
}
