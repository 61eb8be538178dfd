import type { Inspector } from '../../inspector/inspector.js';
import type { Redaction } from '../arguments/redaction.js';
import type { LiveNamespace } from '../live/live.js';
import type { DashboardAuditEntry } from '../options.js';
import type { DashboardAction, DashboardSubject, Rights } from '../rights.js';

/** A request to one namespace, after the guards of the app and the right to look. */
export interface Call {
  readonly inspector: Inspector;
  /** the name of the namespace in the dashboard */
  readonly namespace: string;
  readonly rights: Rights;
  /** what all who look share: reads that cost something go through it */
  readonly live: LiveNamespace;
  /** hides values among arguments */
  readonly redaction: Redaction;
  /** the name of the person, for the record of actions */
  readonly by: string;
  readonly query: URLSearchParams;
  /** of a POST: the JSON that was sent, an object */
  readonly body: Readonly<Record<string, unknown>>;
  /** aborts when the person has gone, or wants a bulk action to stop */
  readonly signal: AbortSignal;
}

/** The subject of an action, without its namespace. */
export type Subject = Omit<DashboardSubject, 'namespace'>;

/** The figures of a bulk action under way. */
export interface BulkProgress {
  /** tasks that are done with, or were looked at */
  readonly handled: number;
  /** those of them that it was done to */
  readonly count: number;
  /** of how many; undefined where that is not known */
  readonly total?: number | undefined;
  /** where another call goes on, should this one be stopped here */
  readonly cursor?: string | undefined;
}

/** How a bulk action ended. */
export interface BulkResult {
  /** tasks that it was done to */
  readonly count: number;
  /** tasks that it was not done to, by reason */
  readonly skipped?: Readonly<Record<string, number>>;
  /** where another call goes on; undefined when all is done */
  readonly cursor?: string | undefined;
}

interface Place {
  /** below `api/`: `dead/redrive` */
  readonly path: string;
}

/** Answers with what somebody wants to see. */
export interface Read extends Place {
  readonly kind: 'read';
  readonly answer: (call: Call) => Promise<unknown>;
}

/** Does one thing. */
export interface Act extends Place {
  readonly kind: 'act';
  readonly action: DashboardAction;
  /** of an action that has several, for the audit */
  readonly order?: DashboardAuditEntry['order'];
  /** read from the body; for a task its name and queue are looked up, so that `can` sees them */
  readonly subject: (call: Call) => Subject | Promise<Subject>;
  readonly run: (call: Call, subject: Subject) => Promise<unknown>;
  /** whether there was something to do, by the answer, for the record of actions; left out where there always is */
  readonly hasDone?: (answer: unknown) => boolean;
}

/** Does one thing to many tasks, and reports how far it is. */
export interface Bulk extends Place {
  readonly kind: 'bulk';
  readonly action: DashboardAction;
  readonly subject: (call: Call) => Subject | Promise<Subject>;
  readonly run: (call: Call, report: (progress: BulkProgress) => void) => Promise<BulkResult>;
}

/** One address of the dashboard. A screen brings its own in its `routes.ts`. */
export type Route = Read | Act | Bulk;

export function read(path: string, answer: Read['answer']): Read {
  return { kind: 'read', path, answer };
}

export function act(path: string, rest: Omit<Act, 'kind' | 'path'>): Act {
  return { kind: 'act', path, ...rest };
}

export function bulk(path: string, rest: Omit<Bulk, 'kind' | 'path'>): Bulk {
  return { kind: 'bulk', path, ...rest };
}
