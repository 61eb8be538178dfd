import type { WorkerReport } from '../../../inspector/workers/worker-report.js';
import { optionalWholeIn, textIn } from '../../http/input.js';
import { act, type Call, type Route, type Subject } from '../../http/route.js';
import { WORKER_QUESTIONS } from './questions.js';

/** With its whole id, so that `can` may decide by it. */
async function subjectOf({ inspector, body }: Call): Promise<Subject> {
  const { id } = await inspector.workers.get(textIn(body, 'worker'));
  return { worker: id };
}

function order(
  action: 'quiet' | 'stop' | 'recycle',
  give: (call: Call, worker: string) => Promise<WorkerReport>,
): Route {
  return act(`workers/${action}`, {
    action: 'control',
    order: action,
    subject: subjectOf,
    run: async (call, { worker = '' }) => {
      const { id, host, pid, running } = await give(call, worker);
      return { id, host, pid, running };
    },
  });
}

/** The snapshot has the workers themselves. */
export const WORKER_ROUTES: readonly Route[] = [
  ...WORKER_QUESTIONS,
  order('quiet', ({ inspector, by }, worker) => inspector.workers.quiet(worker, { by })),
  order('stop', ({ inspector, by }, worker) => inspector.workers.stop(worker, { by })),
  order('recycle', ({ inspector, by, body }, worker) => {
    const child = optionalWholeIn(body, 'child', { least: 1, most: Number.MAX_SAFE_INTEGER });
    return inspector.workers.recycle(worker, { by, ...(child !== undefined && { child }) });
  }),
];
