import type { OrderDigest, RestartDigest, WorkerDigest, WorkerOrder } from '../../broker/port/worker-port.js';
import { printable } from '../../values/printable.js';
import type { AppPackage } from '../app-name.js';

const KEPT_RESTARTS = 5;
const MOST_OF_A_REASON = 200;

interface Dated {
  /** by `performance.now()` */
  readonly atMs: number;
}

/** The facts of a worker that its digest shows beside its children. */
export class WorkerStatus {
  state: WorkerDigest['state'] = 'running';
  /** as the settings of the app have it, which the first child brings */
  mostBytes: number | undefined;
  private readonly sinceMs = performance.now();
  private readonly restarts: (Omit<RestartDigest, 'agoMs'> & Dated)[] = [];
  private restarted = 0;
  private order: (Omit<OrderDigest, 'agoMs'> & Dated) | undefined;

  constructor(
    /** undefined when nothing names the app */
    readonly app: AppPackage | undefined,
    /** the kind of worker, and the version of nestwork */
    private readonly kind: Pick<WorkerDigest, 'inProcess' | 'version' | 'range'>,
  ) {}

  /**
   * A child has ended, or begins to be replaced.
   *
   * @param crashed whether its process ended by itself, or was killed by others
   */
  restarting(pid: number, reason: string, crashed = false): void {
    this.restarted += 1;
    this.restarts.unshift({ pid, reason: printable(reason, MOST_OF_A_REASON), atMs: performance.now(), crashed });
    this.restarts.splice(KEPT_RESTARTS);
  }

  /** An order was carried out. */
  ordered({ id, action, by }: Pick<WorkerOrder, 'action' | 'by'> & { readonly id: string }): void {
    this.order = { id, action, by, atMs: performance.now() };
  }

  digest(): Omit<WorkerDigest, 'children' | 'forked'> {
    const now = performance.now();
    const aged = <T extends Dated>({ atMs, ...rest }: T): Omit<T, 'atMs'> & { agoMs: number } => ({
      ...rest,
      agoMs: Math.round(now - atMs),
    });
    return {
      ...this.kind,
      app: this.app?.name,
      appVersion: this.app?.version,
      state: this.state,
      upMs: Math.round(now - this.sinceMs),
      bytes: process.memoryUsage.rss(),
      mostBytes: this.mostBytes,
      restarted: this.restarted,
      restarts: this.restarts.map(aged),
      order: this.order && aged(this.order),
    };
  }
}
