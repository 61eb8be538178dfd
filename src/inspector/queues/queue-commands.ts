import { type CommandGroup, command } from '../../terminal/command.js';
import { ago } from '../../terminal/figures.js';
import type { InspectorContext } from '../inspector-context.js';
import type { QueueReport } from '../queue-health.js';

const COLUMNS = [
  { title: 'QUEUE', of: ({ queue }: QueueReport) => queue },
  { title: 'PENDING', of: ({ pending }: QueueReport) => pending, align: 'right' as const },
  { title: 'SCHEDULED', of: ({ scheduled }: QueueReport) => scheduled, align: 'right' as const },
  { title: 'DEAD', of: ({ dead }: QueueReport) => dead, align: 'right' as const },
  {
    title: 'WAITS',
    of: ({ waitingMs }: QueueReport) => (waitingMs > 0 ? ago(waitingMs) : '-'),
    align: 'right' as const,
  },
  { title: 'SERVED', of: ({ served }: QueueReport) => (served ? 'yes' : 'no') },
  { title: 'NOTE', of: ({ reason }: QueueReport) => reason, shrinks: true as const },
];

/** The commands about queues. */
export const queueCommands: CommandGroup<InspectorContext> = {
  name: 'queues',
  summary: 'look at queues',
  commands: [
    command({
      name: 'ls',
      summary: 'list the queues: how deep, how old, whether a worker serves them',
      run: async ({ inspector, out }: InspectorContext) => {
        const { queues } = await inspector();
        out.table(await queues.list(), COLUMNS, 'No worker has ever started in this namespace: it has no queues.');
        return undefined;
      },
    }),
  ],
};
