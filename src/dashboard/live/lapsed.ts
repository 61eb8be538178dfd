import type { StatusReport } from '../../inspector/status/status-report.js';
import type { LapsedWorker } from '../../inspector/workers/worker-report.js';
import { counted } from '../../values/counted.js';
import type { LapsedView } from './snapshot.js';

/** What the page shows of workers that are gone and have left something behind. */
export function lapsedViews({ lapsed, workers }: Pick<StatusReport, 'lapsed' | 'workers'>): LapsedView[] {
  return lapsed.map(({ id, host, pid, children, leaseEndedAt }) => ({
    id,
    host,
    pid,
    at: leaseEndedAt.toISOString(),
    text: `It was killed, or is cut off from Redis. ${rest(children, workers.length > 0)}`,
  }));
}

function rest(children: LapsedWorker['children'], hasOthers: boolean): string {
  if (children === 0) return 'It holds no task.';
  const tasks = `the tasks of its ${counted(children, 'child', 'children')}`;
  return hasOthers
    ? `Another worker is about to take back ${tasks}.`
    : `The next worker that starts takes back ${tasks}.`;
}
