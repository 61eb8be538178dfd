import { inCleanContext } from '../../values/clean-context.js';

/** Receives each outage once, however many attempts to reconnect it takes. */
export interface OutageListener {
  lost(where: string): void;
  /** There has been no connection since the first call that needs one; `what` says so, with the remedies. */
  absent?(what: string): void;
  /** The server answers, but serves no client or does not let us in; `what` has its reason, passed on once in an outage. */
  refused(where: string, what: string): void;
  restored(where: string, afterMs: number): void;
}

const SILENT: OutageListener = { lost: () => {}, refused: () => {}, restored: () => {} };

/** The outage of one connection, if it is in one, and what it has reported of it. */
export class Outage {
  /** in ms since 1970 */
  private since: number | undefined;
  /** reasons that were reported */
  private readonly reported = new Set<string>();

  constructor(
    private readonly where: string,
    private readonly listener: OutageListener = SILENT,
  ) {}

  /** The connection was up. */
  begin(): void {
    if (this.since !== undefined) return;
    this.since = Date.now();
    inCleanContext(() => this.listener.lost(this.where));
  }

  /**
   * The connection was never up.
   *
   * @param reason the one of the server, if `what` has one
   */
  beginAbsent(forMs: number, what: string, reason: string | undefined): void {
    if (this.since !== undefined) return;
    this.since = Date.now() - forMs;
    if (reason !== undefined) this.reported.add(reason);
    inCleanContext(() => this.listener.absent?.(what));
  }

  /** The connection is there, and nothing that is sent over it is executed. */
  standStill(what: string): void {
    this.since ??= Date.now();
    this.refuse(what);
  }

  /** A server that answers is no outage by itself. */
  refuse(what: string): void {
    if (this.since === undefined || this.reported.has(what)) return;
    this.reported.add(what);
    inCleanContext(() => this.listener.refused(this.where, what));
  }

  end(): void {
    if (this.since === undefined) return;
    const afterMs = Date.now() - this.since;
    inCleanContext(() => this.listener.restored(this.where, afterMs));
    this.since = undefined;
    this.reported.clear();
  }
}
