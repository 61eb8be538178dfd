import type { Link, Snapshot } from './live.js';
import type { StateName } from './parts/glyph.js';

export interface Verdict {
  readonly state: StateName;
  /** a few words without numbers, so that they change only when something else is wrong */
  readonly text: string;
  /** findings beside the first */
  readonly more: number;
}

/** What is to be said about a namespace in one line: the worst first; undefined before anything is known of it. */
export function verdictOf(snapshot: Snapshot | undefined, { state }: Link): Verdict | undefined {
  if (state === 'away') return { state: 'dead', text: 'Redis does not answer', more: 0 };
  if (state === 'lost') return { state: 'dead', text: 'the dashboard does not answer', more: 0 };
  if (!snapshot) return undefined;
  const { findings } = snapshot;
  const [first] = findings;
  if (!first) return { state: 'done', text: 'All is well', more: 0 };
  return { state: first.state, text: first.brief, more: findings.length - 1 };
}
