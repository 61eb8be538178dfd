import type { Snapshot } from '../../page/live.js';
import { href } from '../../page/router.js';

export type Finding = Snapshot['findings'][number];

export interface Advice {
  /** what to do */
  readonly advice: string;
  /** the words of the link, and where it leads */
  readonly label: string;
  readonly to: string;
}

/** What to do about a finding, and which page shows more. */
export function adviceOf({ code, queue, worker }: Finding): Advice {
  const workers = { label: 'Look at the workers', to: href('workers', worker) };
  const ofQueue = { label: `Look at ${queue}`, to: href('queue', queue) };
  switch (code) {
    case 'no-worker':
      return { ...workers, advice: 'Nothing is lost: tasks wait in Redis until a worker starts.' };
    case 'queue-unserved':
      return { ...ofQueue, advice: `Start a worker that serves ${queue}. Nothing is lost: its tasks wait in Redis.` };
    case 'queue-late':
      return { ...ofQueue, advice: 'Look at what its children do; more of them make it faster.' };
    case 'memory-short':
      return {
        label: 'Look at dead tasks',
        to: href('dead'),
        advice: 'Give it more memory, or delete what nobody needs.',
      };
    case 'dead-tasks':
      return {
        label: 'Look at the errors',
        to: href('dead', undefined, { since: '1h' }),
        advice: 'Repair the error first: what is redriven before would die again.',
      };
    case 'worker-crashing':
      return { ...workers, advice: 'Look at why its children end. Tasks that ran in them run again, alone.' };
    case 'queue-paused':
      return { ...ofQueue, advice: '' };
    case 'cron-paused':
      return { label: 'Look at the crons', to: href('crons'), advice: '' };
    default:
      return { ...workers, advice: '' };
  }
}
