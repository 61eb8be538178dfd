import { command } from '../../terminal/command.js';
import { EXIT } from '../../terminal/exit-code.js';
import { ago } from '../../terminal/figures.js';
import { progressBar } from '../../terminal/progress-bar.js';
import { duration, moment, text } from '../../terminal/usage.js';
import { count } from '../../values/counted.js';
import { toMilliseconds } from '../../values/duration.js';
import type { InspectorContext } from '../inspector-context.js';
import { TASK_COLUMNS } from './task-commands.js';
import type { PurgeFilter, PurgePreview } from './task-purge.js';

/** `queues purge`. */
export const purgeCommand = command({
  name: 'purge',
  summary: 'remove pending tasks of a queue for ever: all, or those that match',
  arguments: { queue: { summary: 'name of the queue', completes: 'queues' } },
  options: {
    task: text('<name>', 'only of this task: Class.method', 'tasks'),
    olderThan: moment('<time>', 'only those that came before: an ISO date, or a time ago such as 2h'),
    within: duration('<time>', 'end after this time, for example 30s'),
    cursor: text('<cursor>', 'go on where a purge ended'),
  },
  destructive: true,
  run: async ({ inspector, out, by, confirm, takeSignals }: InspectorContext, { queue }, options) => {
    const { yes, dryRun, within, cursor, ...filter } = options;
    const { tasks } = await inspector();
    const preview = await tasks.previewPurge(queue, filter);
    if (dryRun && preview.matching > 0) out.table(preview.sample, TASK_COLUMNS, 'No task matches.');
    // there is nothing to ask about
    const isSure = yes || (preview.matching === 0 && !dryRun);
    if (!(await confirm(questionOf(queue, filter, preview), { yes: isSure, dryRun }))) return undefined;
    const signal = takeSignals();
    const bar = progressBar(out, 'Looked at');
    const onProgress = ({ looked, total }: { readonly looked: number; readonly total: number }): void =>
      bar.show({ done: looked, total });
    try {
      const limits = { ...(cursor !== undefined && { cursor }), ...(within !== undefined && { within }) };
      const result = await tasks.purge(queue, filter, { by, signal, onProgress, ...limits });
      bar.end();
      const { purged, looked, cursor: rest } = result;
      out.record(result, () => {
        const done = `Purged ${count(purged)} of the ${count(looked)} tasks looked at.`;
        return rest === undefined ? done : `${done} Then it ended; the rest is as it was. Go on with --cursor ${rest}`;
      });
      return rest === undefined ? undefined : EXIT.failed;
    } finally {
      bar.end();
    }
  },
});

function questionOf(queue: string, { task, olderThan }: PurgeFilter, preview: PurgePreview): string {
  const { matching, looked, total } = preview;
  const number = looked < total ? `at least ${count(matching)}` : count(matching);
  const what = task === undefined ? '' : ` of task ${task}`;
  const time =
    olderThan instanceof Date ? olderThan.toISOString() : olderThan && ago(toMilliseconds(olderThan, 'olderThan'));
  const age = time === undefined ? '' : ` older than ${time}`;
  return `Purge ${number} pending ${matching === 1 ? 'task' : 'tasks'}${what}${age} of queue "${queue}"`;
}
