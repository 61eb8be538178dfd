import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Broker, CatalogEntry, LimitDeclaration } from '../broker/port/broker.js';
import { type PeriodicLoop, periodically } from '../maintenance/periodic-loop.js';
import type { AppWorker } from '../task/app-tasks.js';

const RETRY_MS = 500;

export interface SessionOptions extends AppWorker {
  readonly broker: Broker;
  readonly leaseMs: number;
  /** the tasks of the app */
  readonly catalog: readonly CatalogEntry[];
  /** the limits of its tasks and queues */
  readonly limits?: readonly LimitDeclaration[] | undefined;
  /** A step failed and is tried again. */
  readonly onError: (error: unknown) => void;
}

/** One life of one supervisor: as long as its lease is renewed, its children may claim. */
export class Session {
  /** random, and the lease in ms: a process that finds the session sees how long it may go without a renewal */
  readonly id: string;
  private readonly renewal: PeriodicLoop;
  private children = 0;

  /** @param onLost receives the id: the lease ran out and the session's tasks were given to others */
  constructor(
    private readonly options: SessionOptions,
    private readonly onLost: (session: string) => void,
  ) {
    this.id = `${randomBytes(9).toString('hex')}-${options.leaseMs}`;
    this.renewal = periodically(() => this.renew(), RETRY_MS, options.onError);
  }

  async open(): Promise<void> {
    const { broker, leaseMs, queues, catalog, limits, app } = this.options;
    const place = { host: hostname(), pid: process.pid };
    await broker.openSession({ session: this.id, leaseMs, queues, ...place, catalog, app, limits });
    this.renewal.start();
  }

  /** A name for one more child of this session, registered: from now on it may claim. Undefined when the lease is lost. */
  async register(): Promise<string | undefined> {
    this.children += 1;
    const child = `${this.id}.${this.children}`;
    if (await this.options.broker.register(this.id, child)) return child;
    this.onLost(this.id);
    return undefined;
  }

  /** Renews now: after an outage, to find out at once whether the session still exists. */
  hurry(): void {
    this.renewal.hurry();
  }

  /** Ends the renewal without a command to Redis: the session or Redis is gone. */
  abandon(): Promise<void> {
    return this.renewal.stop();
  }

  async close(): Promise<void> {
    await this.renewal.stop();
    await this.options.broker.closeSession(this.id);
  }

  private async renew(): Promise<number> {
    const { broker, leaseMs } = this.options;
    if (!(await broker.renew(this.id, leaseMs))) this.onLost(this.id);
    return leaseMs / 6;
  }
}
