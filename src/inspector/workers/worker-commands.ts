import { type CommandGroup, command } from '../../terminal/command.js';
import { megabytes } from '../../terminal/figures.js';
import { timeSpan } from '../../terminal/table.js';
import { flag, whole } from '../../terminal/usage.js';
import { counted } from '../../values/counted.js';
import type { InspectorContext } from '../inspector-context.js';
import { placeOf, shortId } from './worker-place.js';
import type { WorkerReport } from './worker-report.js';
import { type TaskRow, taskRows, uptimeOf } from './worker-rows.js';

const RIGHT = { align: 'right' } as const;

const COLUMNS = [
  { title: 'WORKER', of: ({ id }: WorkerReport) => shortId(id) },
  { title: 'HOST', of: ({ host }: WorkerReport) => host, shrinks: 10 },
  { title: 'PID', of: ({ pid }: WorkerReport) => String(pid), ...RIGHT },
  { title: 'STATE', of: ({ state, inProcess }: WorkerReport) => (inProcess ? `${state}, in the app` : state) },
  {
    title: 'APP',
    of: ({ app, appVersion }: WorkerReport) => app && `${app} ${appVersion ?? ''}`.trim(),
    shrinks: true as const,
    dispensable: 5,
  },
  { title: 'UP', of: uptimeOf, ...RIGHT, dispensable: 4 },
  { title: 'CHILDREN', of: childrenOf, ...RIGHT },
  { title: 'ACTIVE', of: ({ running }: WorkerReport) => running, ...RIGHT },
  { title: 'MB', of: ({ memory }: WorkerReport) => megabytes(memory), ...RIGHT, dispensable: 2 },
  { title: 'RESTARTS', of: ({ restarted }: WorkerReport) => restarted, ...RIGHT, dispensable: 1 },
  { title: 'QUEUES', of: ({ queues }: WorkerReport) => queues.join(' '), shrinks: 12, dispensable: 3 },
];

const CHILD_COLUMNS = [
  { title: 'WORKER', of: ({ worker }: TaskRow) => shortId(worker.id) },
  { title: 'CHILD', of: ({ child }: TaskRow) => (child ? String(child.pid) : '-'), ...RIGHT },
  {
    title: 'STATE',
    of: ({ worker, child }: TaskRow) => child?.state ?? (worker.state === 'running' ? 'no child' : worker.state),
    dispensable: 1,
  },
  {
    title: 'MB',
    of: ({ child }: TaskRow) => (child?.memory === undefined ? undefined : megabytes(child.memory)),
    ...RIGHT,
    dispensable: 2,
  },
  { title: 'TASK', of: ({ task }: TaskRow) => (task ? (task.name ?? '?') : '-'), shrinks: 10 },
  { title: 'ID', of: ({ task }: TaskRow) => task?.id },
  {
    title: 'FOR',
    of: ({ worker, task }: TaskRow) =>
      task && worker.seenAt && timeSpan(worker.seenAt.getTime() - task.since.getTime()),
    ...RIGHT,
  },
];

const WORKER = { worker: { summary: 'its id, or the beginning of it', completes: 'workers' } } as const;
const NONE = 'No worker runs in this namespace.';

/** The commands about workers. */
export const workerCommands: CommandGroup<InspectorContext> = {
  name: 'workers',
  summary: 'look at workers; quiet, stop and recycle them',
  commands: [
    command({
      name: 'ls',
      summary: 'list the workers whose lease runs',
      options: { children: flag('list their children and the tasks that these run') },
      run: async ({ inspector, out }: InspectorContext, _, { children = false }) => {
        const workers = await (await inspector()).workers.list();
        // as JSON, a worker has its children with it
        if (!children || out.isJson) out.table(workers, COLUMNS, NONE);
        else out.table(workers.flatMap(taskRows), CHILD_COLUMNS, NONE);
        return undefined;
      },
    }),
    command({
      name: 'quiet',
      summary: 'let a worker claim nothing more; its active tasks go on',
      arguments: WORKER,
      run: async ({ inspector, out, by }: InspectorContext, { worker }) => {
        const asked = await (await inspector()).workers.quiet(worker, { by });
        out.record(
          ordered(asked, 'quiet'),
          () => `Asked ${placeOf(asked.id, asked)} to claim nothing more. ${activeIn(asked)}`,
        );
        return undefined;
      },
    }),
    command({
      name: 'stop',
      summary: 'stop a worker as SIGTERM does',
      arguments: WORKER,
      destructive: true,
      run: async ({ inspector, out, by, confirm }: InspectorContext, { worker }, given) => {
        const { workers } = await inspector();
        const { id, ...found } = await workers.get(worker);
        if (!(await confirm(`Stop ${placeOf(id, found)}`, given))) return undefined;
        const asked = await workers.stop(id, { by });
        out.record(ordered(asked, 'stop'), () => `Asked ${placeOf(asked.id, asked)} to stop. ${unfinishedIn(asked)}`);
        return undefined;
      },
    }),
    command({
      name: 'recycle',
      summary: 'replace the children of a worker, one after another, without a gap',
      arguments: WORKER,
      options: { child: whole('<pid>', 'only this child', 1, Number.MAX_SAFE_INTEGER) },
      run: async ({ inspector, out, by }: InspectorContext, { worker }, { child }) => {
        const asked = await (await inspector()).workers.recycle(worker, { by, ...(child && { child }) });
        const which = child ? `child ${child}` : counted(asked.forked, 'child', 'children');
        out.record(
          { ...ordered(asked, 'recycle'), child },
          () => `Asked ${placeOf(asked.id, asked)} to replace ${which}.`,
        );
        return undefined;
      },
    }),
  ],
};

/** `3 (1–8)`, or `3` for a fixed number. */
function childrenOf({ forked, range }: WorkerReport): string {
  return range ? `${forked} (${range.min}–${range.max})` : String(forked);
}

function ordered({ id, host, pid }: WorkerReport, action: string): object {
  return { worker: id, host, pid, action };
}

function unfinishedIn({ running }: WorkerReport): string {
  if (running === 0) return 'It runs no task.';
  const tasks = counted(running, 'task');
  return `It waits for ${tasks} as long as its shutdownGrace. Then they go back to their queue, and run again.`;
}

function activeIn({ running }: WorkerReport): string {
  return running === 0 ? 'It runs no task.' : `It finishes ${counted(running, 'task')}.`;
}
