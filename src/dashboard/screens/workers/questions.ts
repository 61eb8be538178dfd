import { mayClaim, type WorkerReport } from '../../../inspector/workers/worker-report.js';
import { count, counted } from '../../../values/counted.js';
import { optionalWholeIn, textIn } from '../../http/input.js';
import { type ActionQuestion, question } from '../../http/question.js';
import type { Call, Route } from '../../http/route.js';

/** Queues that one line names. */
const MOST_NAMES = 3;

const placeOf = ({ host, pid }: WorkerReport): string => `${host}, process ${pid}`;

function workerOf({ inspector, query }: Call): Promise<WorkerReport> {
  return inspector.workers.get(textIn(query, 'worker'));
}

/** The queues from which nobody else would claim, in a line of its own. */
async function unserved({ inspector }: Call, worker: WorkerReport): Promise<readonly string[]> {
  const others = (await inspector.workers.list()).filter((other) => other.id !== worker.id && mayClaim(other));
  const left = worker.queues.filter((queue) => !others.some(({ queues }) => queues.includes(queue)));
  if (!mayClaim(worker) || left.length === 0) return [];
  const more = left.length - MOST_NAMES;
  const names = `${left.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [`No other worker claims from ${names}: those tasks wait.`];
}

export const WORKER_QUESTIONS: readonly Route[] = [
  question('workers/quiet', async (call) => {
    const worker = await workerOf(call);
    const { running } = worker;
    const rest =
      running === 0
        ? 'It runs no task.'
        : running === 1
          ? 'Its active task goes on.'
          : `Its ${count(running)} active tasks go on.`;
    return {
      title: `Quiet ${placeOf(worker)}?`,
      lines: [
        `It claims nothing more. ${rest}`,
        'Its process stays until it is stopped, and never claims again.',
        ...(await unserved(call, worker)),
      ],
      main: 'Quiet the worker',
    };
  }),
  question('workers/stop', async (call) => {
    const worker = await workerOf(call);
    const { running } = worker;
    const tasks = running === 1 ? 'active task' : `${count(running)} active tasks`;
    return {
      title: `Stop ${placeOf(worker)}?`,
      lines: [
        running === 0
          ? 'It runs no task.'
          : `Its ${tasks} may finish within its shutdownGrace. What has not finished goes back to its queue, and runs again.`,
        'Its process ends, unless a service manager starts another one.',
        ...(await unserved(call, worker)),
      ],
      main: 'Stop the worker',
      grave: true,
    };
  }),
  question('workers/recycle', async (call) => {
    const worker = await workerOf(call);
    const child = optionalWholeIn(call.query, 'child', { least: 1, most: Number.MAX_SAFE_INTEGER });
    if (child !== undefined) return recycleChild(worker, child);
    const { forked } = worker;
    return {
      title: `Recycle the children of ${placeOf(worker)}?`,
      lines: [
        `${counted(forked, 'child is', 'children are')} replaced, one after another, without a gap.`,
        'Active tasks finish where they began.',
      ],
      main: `Recycle ${counted(forked, 'child', 'children')}`,
    };
  }),
];

function recycleChild({ host, children }: WorkerReport, child: number): ActionQuestion {
  const running = children.find(({ pid }) => pid === child)?.running ?? 0;
  const tasks = running === 1 ? 'Its active task finishes first.' : `Its ${count(running)} active tasks finish first.`;
  return {
    title: `Recycle child ${child} of ${host}?`,
    lines: ['Another child takes its place before it ends.', running === 0 ? 'It runs no task.' : tasks],
    main: `Recycle child ${child}`,
  };
}
