import { type CommandGroup, command } from '../terminal/command.js';
import { flag, text, whole } from '../terminal/usage.js';
import { printable } from '../values/printable.js';
import { nextOf } from './cron-bounds.js';
import type { CronInfo } from './cron-info.js';
import { MOST_LISTED } from './cron-list-options.js';
import { describedCron, HISTORY_COLUMNS, scheduleOf, stateOf } from './cron-text.js';
import { withoutWorker } from './cron-words.js';
import type { InspectorContext } from './inspector-context.js';

const COLUMNS = [
  { title: 'CRON', of: ({ name }: CronInfo) => name, shrinks: 14 },
  { title: 'QUEUE', of: ({ queue }: CronInfo) => queue, dispensable: 2 },
  { title: 'SCHEDULE', of: scheduleOf, shrinks: 10 },
  { title: 'STATE', of: stateOf },
  { title: 'NEXT', of: nextOf },
  { title: 'LAST', of: ({ lastRun }: CronInfo) => lastRun?.startedAt, dispensable: 3 },
  { title: 'OUTCOME', of: ({ lastRun }: CronInfo) => lastRun?.outcome, dispensable: 1 },
];
/** Most crons of code have the name of their task: on a terminal the column would take room from the others. */
const WITH_TASK = [
  ...COLUMNS,
  { title: 'TASK', of: ({ name, task }: CronInfo) => (task === name ? undefined : task), shrinks: 10, dispensable: 4 },
];

/** Of one cron. */
const NEXT_TIMES = 5;

/** Of a run that no live worker can execute. */
const WAITS = 'The run waits for such a worker; where others serve the queue, they bury it as dead after half an hour.';

const CRON = {
  cron: { summary: 'name of the cron: Class.method, unless it has another', completes: 'crons' },
} as const;

/** The commands about crons. */
export const cronCommands: CommandGroup<InspectorContext> = {
  name: 'crons',
  summary: 'look at crons; run, pause, resume and remove them',
  commands: [
    command({
      name: 'ls',
      summary: 'list the crons, with their next and their last run',
      options: {
        prefix: text('<text>', 'those whose names begin so'),
        after: text('<cron>', 'those whose names come after this one'),
        limit: whole('<count>', `at most so many (${MOST_LISTED})`, 1, MOST_LISTED),
        set: flag('only those that were set at run time'),
      },
      run: async ({ inspector, out }: InspectorContext, _, { limit: count = MOST_LISTED, ...given }) => {
        const { crons } = await inspector();
        const page = await crons.list({ ...given, count });
        const isAll = given.prefix === undefined && given.after === undefined && given.set === undefined;
        out.table(
          page,
          out.isTerminal && given.set !== true ? COLUMNS : WITH_TASK,
          isAll ? 'No worker of this namespace has declared a cron.' : 'There is none of these.',
        );
        if (page.length === count) out.say(`There may be more: --after ${page.at(-1)?.name}`);
        return undefined;
      },
    }),
    command({
      name: 'show',
      summary: 'show one cron: its next times, and its history: runs that have ended, skipped and missed ones',
      arguments: CRON,
      options: { limit: whole('<count>', 'at most so many entries of its history (20)', 1, 100) },
      run: async ({ inspector, out }: InspectorContext, { cron: name }, { limit: count }) => {
        const { crons } = await inspector();
        const cron = await crons.get(name);
        const [next, history] = await Promise.all([
          cron.declared ? crons.nextRuns(name, NEXT_TIMES) : [],
          crons.history(name, count === undefined ? {} : { count }),
        ]);
        out.record({ ...cron, nextRuns: next, history }, () => describedCron(cron, next));
        if (out.isJson) return undefined;
        out.line('');
        out.table(history, HISTORY_COLUMNS, 'No past run was found.');
        return undefined;
      },
    }),
    command({
      name: 'run',
      summary: 'enqueue a run now, also of a paused cron',
      arguments: CRON,
      run: async ({ inspector, out, by }: InspectorContext, { cron }) => {
        const { crons } = await inspector();
        const info = await crons.get(cron);
        const run = await crons.runNow(cron, { by });
        out.record(run, () =>
          run.added ? `Enqueued ${run.id} in queue ${run.queue}.` : `${run.id} is under way: nothing was added.`,
        );
        if (!info.declared) out.say(`Warning: ${withoutWorker(info)}. ${WAITS}`);
        return undefined;
      },
    }),
    command({
      name: 'rm',
      summary: 'remove a cron that was set at run time',
      arguments: CRON,
      destructive: true,
      run: async ({ inspector, out, by, confirm }: InspectorContext, { cron }, given) => {
        const { crons } = await inspector();
        const { set } = await crons.get(cron);
        if (set && !(await confirm(`Remove ${printable(cron)}`, given))) return undefined;
        const removed = await crons.remove(cron, { by });
        out.record({ cron, removed }, () =>
          removed
            ? `Removed ${printable(cron)}. Runs that were enqueued go on.`
            : `${printable(cron)} was gone already.`,
        );
        return undefined;
      },
    }),
    command({
      name: 'pause',
      summary: 'stop a cron in the whole cluster, until it is resumed',
      arguments: CRON,
      run: async ({ inspector, out, by }: InspectorContext, { cron }) => {
        await (await inspector()).crons.pause(cron, { by });
        out.record({ cron, paused: true }, () => `Paused ${cron}. Runs under way go on.`);
        return undefined;
      },
    }),
    command({
      name: 'resume',
      summary: 'fire a paused cron again',
      arguments: CRON,
      run: async ({ inspector, out, by }: InspectorContext, { cron }) => {
        await (await inspector()).crons.resume(cron, { by });
        out.record({ cron, paused: false }, () => `Resumed ${cron}.`);
        return undefined;
      },
    }),
  ],
};
