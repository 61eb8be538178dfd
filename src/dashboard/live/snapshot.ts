import type { StatusReport } from '../../inspector/status/status-report.js';
import type { WireError } from '../http/refused.js';
import type { Json } from '../wire.js';

/** What every screen of a namespace shows at once. It is the same for all who look. */
export interface Snapshot extends Json<StatusReport> {
  /** how long Redis took to answer, in ms */
  readonly latencyMs: number;
}

/** Why there is no new snapshot. */
export interface LiveOutage {
  readonly error: WireError;
  /** when the first reading failed, by the clock of the app */
  readonly since: string;
}

/**
 * The events of the stream by name, each with its data. `renew`: the stream ends as planned, and the browser connects anew; `denied`:
 * the right to look is gone.
 */
export interface LiveEvents {
  readonly snapshot: Snapshot;
  readonly outage: LiveOutage;
  readonly denied: WireError;
  readonly renew: Record<string, never>;
}
