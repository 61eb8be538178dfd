import { type CommandGroup, command } from '../../terminal/command.js';
import { instant } from '../../terminal/figures.js';
import { timeSpan } from '../../terminal/table.js';
import { duration, text } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { QueueReport } from '../queue-health.js';
import { purgeCommand } from '../tasks/purge-command.js';
import { isQuiet } from '../workers/worker-report.js';

/** A queue, and whether no worker that serves it claims. */
interface ListedQueue extends QueueReport {
  readonly quiet: boolean;
}

const COLUMNS = [
  { title: 'QUEUE', of: ({ queue }: QueueReport) => queue, shrinks: 10 },
  { title: 'PENDING', of: ({ pending }: QueueReport) => pending, align: 'right' as const },
  { title: 'HELD', of: ({ heldBack }: QueueReport) => heldBack, align: 'right' as const, dispensable: 3 },
  { title: 'SCHEDULED', of: ({ scheduled }: QueueReport) => scheduled, align: 'right' as const, dispensable: 2 },
  { title: 'DEAD', of: ({ dead }: QueueReport) => dead, align: 'right' as const, dispensable: 1 },
  { title: 'WAITS', of: ({ waitingMs }: QueueReport) => timeSpan(waitingMs), align: 'right' as const },
  { title: 'SERVED', of: ({ served, quiet }: ListedQueue) => (quiet ? 'quiet' : served ? 'yes' : 'no') },
  { title: 'NOTE', of: noteOf, shrinks: 20, lines: 3 },
];

const QUEUE = { queue: { summary: 'name of the queue', completes: 'queues' } } as const;

/** The commands about queues. */
export const queueCommands: CommandGroup<InspectorContext> = {
  name: 'queues',
  summary: 'look at queues; pause, resume and purge them',
  commands: [
    command({
      name: 'ls',
      summary: 'list the queues: how deep, how old, whether a worker serves them',
      run: async ({ inspector, out }: InspectorContext) => {
        const { queues, workers } = await inspector();
        const [reports, serving] = await Promise.all([queues.list(), workers.list()]);
        const listed = reports.map((report) => ({ ...report, quiet: isQuiet(report.queue, serving) }));
        out.table(listed, COLUMNS, 'No worker has ever started in this namespace: it has no queues.');
        return undefined;
      },
    }),
    command({
      name: 'pause',
      summary: 'start no task of a queue in the whole cluster, until it is resumed',
      arguments: QUEUE,
      options: {
        for: duration('<time>', 'resume it by itself after this time, such as 1h'),
        reason: text('<text>', 'shown with the pause'),
      },
      run: async ({ inspector, out, by }: InspectorContext, { queue }, { for: time, reason }) => {
        const options = { by, ...(time && { for: time }), ...(reason !== undefined && { reason }) };
        const pause = await (await inspector()).queues.pause(queue, options);
        out.record(pause, () => {
          const end = pause.until ? `until ${instant(pause.until)}` : 'until it is resumed';
          return `Paused ${queue} ${end}. Active tasks go on.`;
        });
        return undefined;
      },
    }),
    purgeCommand,
    command({
      name: 'resume',
      summary: 'start the tasks of a paused queue again',
      arguments: QUEUE,
      run: async ({ inspector, out, by }: InspectorContext, { queue }) => {
        const resumed = await (await inspector()).queues.resume(queue, { by });
        out.record({ queue, resumed }, () => (resumed ? `Resumed ${queue}.` : `${queue} was not paused.`));
        return undefined;
      },
    }),
  ],
};

/** A pause explains why tasks wait, so it comes before all else. */
function noteOf({ paused, reason }: QueueReport): string | undefined {
  if (!paused) return reason;
  const end = paused.until ? ` until ${instant(paused.until)}` : '';
  const why = paused.reason === undefined ? '' : `: ${paused.reason}`;
  return [`paused by ${paused.by}${end}${why}`, ...(reason === undefined ? [] : [reason])].join('; ');
}
