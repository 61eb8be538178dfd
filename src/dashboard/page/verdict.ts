import type { Link, Snapshot } from './live.js';
import type { StateName } from './parts/glyph.js';

export interface Verdict {
  readonly state: StateName;
  /** a few words without numbers, so that they change only when something else is wrong */
  readonly text: string;
  /** findings beside the first */
  readonly more: number;
}

type Finding = Snapshot['findings'][number];

/** What is to be said about a namespace in one line: the worst first. */
export function verdictOf({ findings }: Pick<Snapshot, 'findings'>, { state }: Pick<Link, 'state'>): Verdict {
  if (state === 'away') return { state: 'dead', text: 'Redis does not answer', more: 0 };
  if (state === 'lost') return { state: 'dead', text: 'the dashboard does not answer', more: 0 };
  const [first] = findings;
  if (!first) return { state: 'done', text: 'All is well', more: 0 };
  return { state: first.severity === 'problem' ? 'dead' : 'held', text: wordsOf(first), more: findings.length - 1 };
}

function wordsOf({ code, queue = '' }: Finding): string {
  const words: Record<Finding['code'], string> = {
    'no-worker': 'no worker runs',
    'queue-unserved': `${queue}: nobody consumes`,
    'memory-short': 'Redis is nearly full',
    'queue-late': `${queue}: tasks are late`,
    'dead-tasks': 'tasks die',
    'worker-crashing': 'children crash',
    'queue-paused': `${queue} is paused`,
    'cron-paused': 'crons are paused',
    'worker-quiet': 'a worker is quiet',
    'worker-stopping': 'a worker stops',
    'worker-silent': 'a worker says nothing',
  };
  return words[code];
}
