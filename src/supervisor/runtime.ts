import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Broker, CatalogEntry, Claimant, Settlement } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import type { Seat } from './rebalancer.js';
import { Rebalancer } from './rebalancer.js';
import { Session } from './session.js';

/** Deaths of its process, alone, after which a task is dead. */
const MAX_CRASHES = 3;
const RETRY_MS = 500;
/** How long closing may wait for a Redis that does not answer, in ms; the lease runs out by itself. */
const CLOSE_MS = 2_000;

/** A loop that belongs to every worker, whatever its children do. */
export interface Service {
  start(): void;
  stop(): Promise<void>;
}

export interface RuntimeOptions {
  readonly broker: Broker;
  readonly leaseMs: number;
  /** the queues this worker serves, by priority */
  readonly queues: readonly string[];
  /** the tasks of the app */
  readonly catalog: readonly CatalogEntry[];
  readonly services: readonly Service[];
  readonly seats: () => Iterable<Seat>;
  /** The session was reaped, and another one is being opened. */
  readonly onSessionLost: () => void;
}

/** What a supervisor has once the settings of the app are known: the broker, a session, and the loops that need them. */
export class Runtime {
  private session: Promise<Session>;
  private readonly services: readonly Service[];
  private lost: string | undefined;
  private closing = false;

  constructor(private readonly options: RuntimeOptions) {
    this.services = [...options.services, new Rebalancer(options.broker, options.seats)];
    this.session = this.openSession();
  }

  /** Rejects when Redis cannot serve. */
  async start(): Promise<void> {
    await this.session;
    for (const service of this.services) service.start();
  }

  /** Registers one more child, however long Redis is away. Undefined once closing. */
  async admit(): Promise<Claimant | undefined> {
    while (!this.closing) {
      const session = await this.session;
      const child = await session.register().catch(() => undefined);
      if (child) return { session: session.id, child, queues: this.options.queues };
      await delay(RETRY_MS);
    }
    return undefined;
  }

  /**
   * Ends the claims of a child whose process is gone, however long Redis is away.
   *
   * @param blamed ids of the tasks that were running when it died unasked
   * @returns what became of them; undefined when others had taken them already, or once closing without Redis
   */
  async settle(claimant: Claimant, blamed: readonly string[], reason: string): Promise<Settlement | undefined> {
    const report = {
      code: 'CRASHED',
      error: `Its process died (${reason}) ${MAX_CRASHES} times while it ran this task alone.`,
      host: hostname(),
      pid: process.pid,
    };
    for (;;) {
      try {
        return await this.options.broker.settle(claimant, { ids: blamed, maxCrashes: MAX_CRASHES, report });
      } catch (error) {
        if (this.closing || (error instanceof NestworkError && error.code === 'LEASE_LOST')) return undefined;
        await delay(RETRY_MS);
      }
    }
  }

  /** Redis is back; it may have lost the session. */
  hurry(): void {
    void this.session.then((session) => session.hurry());
  }

  /** Opens another session in place of one that was reaped; every child may report that, once is enough. */
  replaceSession(lost: string): void {
    if (this.closing || this.lost === lost) return;
    this.lost = lost;
    const former = this.session;
    this.session = former.then((session) => session.abandon()).then(() => this.reopenSession());
    this.options.onSessionLost();
  }

  async close(): Promise<void> {
    this.closing = true;
    const { broker } = this.options;
    const orderly = async (): Promise<void> => {
      await Promise.all(this.services.map((service) => service.stop()));
      await (await this.session).close();
    };
    const patience = new AbortController();
    await Promise.race([
      orderly().catch(() => {}),
      delay(CLOSE_MS, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
    await broker.close();
  }

  private async openSession(): Promise<Session> {
    const { broker, leaseMs, queues, catalog } = this.options;
    const session = new Session({ broker, leaseMs, queues, onLost: (id) => this.replaceSession(id) });
    await session.open();
    // with each session: it may be new because Redis lost its data
    await broker.publishCatalog(catalog);
    return session;
  }

  private async reopenSession(): Promise<Session> {
    for (;;) {
      try {
        return await this.openSession();
      } catch {
        await delay(RETRY_MS);
      }
    }
  }
}
