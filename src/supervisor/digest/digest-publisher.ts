import type { DigestPort } from '../../broker/port/worker-port.js';
import { PeriodicLoop } from '../../maintenance/periodic-loop.js';
import { type Digested, takeDigest } from './take-digest.js';
import type { WorkerStatus } from './worker-status.js';

const RETRY_MS = 2_000;
/** How often it publishes while somebody looks, in ms. */
const WATCHED_MS = 2_000;

export interface DigestPublisherOptions {
  readonly broker: DigestPort;
  readonly leaseMs: number;
  readonly status: WorkerStatus;
  readonly children: () => Iterable<Digested>;
  /** the session in force, if one is */
  readonly session: () => string | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * Publishes the digest of a worker as often as its lease is renewed, after each change of its children, and every 2 s while
 * somebody looks.
 */
export class DigestPublisher extends PeriodicLoop {
  private outdated = false;

  constructor(private readonly options: DigestPublisherOptions) {
    super(RETRY_MS, options.onError);
  }

  /** Something has changed that people want to see at once. */
  changed(): void {
    this.outdated = true;
    this.hurry();
  }

  async tick(): Promise<number> {
    const { broker, leaseMs, status, children, session } = this.options;
    const current = session();
    if (current === undefined) return RETRY_MS;
    this.outdated = false;
    const watched = await broker.publish(current, await takeDigest(status, [...children()]), leaseMs);
    if (this.outdated) return 0;
    return watched ? WATCHED_MS : leaseMs / 6;
  }
}
