import type { StatusReport } from '../../inspector/status/status-report.js';
import type { Json } from '../wire.js';

/** What every screen of a namespace shows at once. It is the same for all who look. */
export interface Snapshot extends Json<StatusReport> {
  /** how long Redis took to answer, in ms */
  readonly latencyMs: number;
}
