import { ACTIONS } from '../../broker/port/action-port.js';
import { type CommandGroup, command } from '../../terminal/command.js';
import { moment, oneOf, whole } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { ActionRecord } from './action-log.js';

const COLUMNS = [
  { title: 'AT', of: ({ at }: ActionRecord) => at },
  { title: 'BY', of: ({ by }: ActionRecord) => by, shrinks: 10 },
  { title: 'ACTION', of: ({ action }: ActionRecord) => action },
  { title: 'COUNT', of: ({ count }: ActionRecord) => count, align: 'right' as const, dispensable: 1 },
  { title: 'SUBJECT', of: subjectOf, shrinks: 18, lines: 3 },
];

function subjectOf({ subject, details }: ActionRecord): string {
  return details === undefined ? subject : `${subject}: ${details}`;
}

/** The command about actions. */
export const actionCommands: CommandGroup<InspectorContext> = {
  name: 'actions',
  summary: 'look at what people and programs did',
  commands: [
    command({
      name: 'ls',
      summary:
        'list the last actions on queues, tasks, crons and workers; with --by only those of one person or program',
      options: {
        action: oneOf('<name>', 'only those of this kind', ACTIONS),
        since: moment('<time>', 'since then: an ISO date, or a time ago such as 2h'),
        limit: whole('<count>', 'at most so many (50)', 1, 1_000),
      },
      run: async ({ inspector, out, givenBy: by }: InspectorContext, _, options) => {
        const { actions } = await inspector();
        const isFiltered = [by, options.action, options.since].some((condition) => condition !== undefined);
        const none = isFiltered ? 'No action matches.' : 'No action is recorded in this namespace.';
        out.table(await actions.list({ ...options, ...(by !== undefined && { by }) }), COLUMNS, none);
        return undefined;
      },
    }),
  ],
};
