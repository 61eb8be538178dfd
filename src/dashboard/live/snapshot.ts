import type { StatusFindingCode, StatusReport } from '../../inspector/status/status-report.js';
import type { WireError } from '../http/refused.js';
import type { Json } from '../wire.js';

/** A view of the page: its name, its argument, its filters. */
export type Target = readonly [screen: string, arg?: string | undefined, query?: Readonly<Record<string, string>>];

/** A link to a view. */
export interface Link {
  readonly label: string;
  readonly to: Target;
}

/** Something that needs a look, in the words of the page. */
export interface FindingView {
  readonly code: StatusFindingCode;
  /** red wants somebody now, amber wants to be known */
  readonly state: 'dead' | 'held';
  /** the whole of it */
  readonly text: string;
  /** its first sentence, and the others */
  readonly title: string;
  readonly rest: string;
  /** a command that shows more or mends it */
  readonly typed: string;
  readonly queue: string | undefined;
  /** the id of a worker */
  readonly worker: string | undefined;
  /** in a few words */
  readonly brief: string;
  /** what to do */
  readonly advice?: string;
  /** where more is shown */
  readonly link: Link;
}

/** A worker whose lease has run out, and whose tasks nobody has given back yet. */
export interface LapsedView {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** when its lease ended; ISO, by the clock of Redis */
  readonly at: string;
  /** why, and what becomes of its tasks */
  readonly text: string;
}

/** What every screen of a namespace shows at once. It is the same for all who look. */
export interface Snapshot extends Omit<Json<StatusReport>, 'findings' | 'lapsed' | 'closedLimits' | 'outboxes'> {
  /** worst first */
  readonly findings: readonly FindingView[];
  /** by host and pid */
  readonly lapsed: readonly LapsedView[];
  /** what is well, as pieces of a text: each second one is the name of a queue */
  readonly well: readonly string[];
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
