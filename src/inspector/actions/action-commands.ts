import { type CommandGroup, command } from '../../terminal/command.js';
import { whole } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { ActionRecord } from './action-log.js';

const COLUMNS = [
  { title: 'AT', of: ({ at }: ActionRecord) => at },
  { title: 'BY', of: ({ by }: ActionRecord) => by, shrinks: true as const },
  { title: 'ACTION', of: ({ action }: ActionRecord) => action },
  { title: 'COUNT', of: ({ count }: ActionRecord) => count, align: 'right' as const },
  { title: 'SUBJECT', of: ({ subject }: ActionRecord) => subject, shrinks: true as const },
];

/** The command about actions. */
export const actionCommands: CommandGroup<InspectorContext> = {
  name: 'actions',
  summary: 'look at what people and programs did',
  commands: [
    command({
      name: 'ls',
      summary: 'list the last actions on queues, tasks, crons and workers, with who did them',
      options: { limit: whole('<count>', 'how many (50)', 1, 1_000) },
      run: async ({ inspector, out }: InspectorContext, _, { limit }) => {
        const { actions } = await inspector();
        out.table(await actions.list(limit ? { limit } : {}), COLUMNS, 'No action is recorded in this namespace.');
        return undefined;
      },
    }),
  ],
};
