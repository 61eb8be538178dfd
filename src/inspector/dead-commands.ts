import { type CommandGroup, command } from '../terminal/command.js';
import { instant } from '../terminal/figures.js';
import { duration, flag, list, moment, oneOf, text, whole } from '../terminal/usage.js';
import { count } from '../values/counted.js';
import { nearestDate } from '../values/dates.js';
import type { Duration } from '../values/duration.js';
import { actOnDead, type DeadAction, type DeadRequest, notDead } from './dead-actions.js';
import { type DeadFilter, looksInside } from './dead-filter.js';
import type { DeadGroup } from './dead-groups.js';
import type { DeadLetters } from './dead-letters.js';
import type { DeadTask } from './dead-task.js';
import type { GroupReport } from './groups/group-report.js';
import { groupLines } from './groups/group-text.js';
import type { InspectorContext } from './inspector-context.js';
import { notesText } from './notes-text.js';
import { argumentsOf } from './tasks/json-arguments.js';
import { valueText } from './value-text.js';

const FILTER = {
  queue: list('<name>', 'dead in this queue; several with commas', 'queues'),
  task: text('<name>', 'of this task: Class.method', 'tasks'),
  code: text('<code>', 'that died of this, for example CRASHED'),
  error: text('<text>', 'whose error contains this text'),
  group: text('<key>', 'of this error: a key of dead groups'),
  since: moment('<time>', 'dead since then: an ISO date, or a time ago such as 2h'),
  until: moment('<time>', 'dead until then'),
} as const;

interface Given extends Omit<DeadFilter, 'queues'> {
  readonly queue?: readonly string[];
}

const COLUMNS = [
  { title: 'ID', of: ({ id }: DeadTask) => id },
  { title: 'DIED', of: ({ diedAt }: DeadTask) => diedAt, dispensable: 1 },
  { title: 'QUEUE', of: ({ queue }: DeadTask) => queue, dispensable: 2 },
  { title: 'TASK', of: ({ task }: DeadTask) => task, shrinks: 16 },
  { title: 'CODE', of: ({ code }: DeadTask) => code, dispensable: 3 },
  { title: 'ERROR', of: ({ error }: DeadTask) => error.split('\n')[0], shrinks: 18, lines: 3 },
];

const GROUP_COLUMNS = [
  { title: 'KEY', of: ({ key }: DeadGroup) => key },
  { title: 'DEAD', of: ({ count: size }: DeadGroup) => size, align: 'right' as const },
  { title: 'FIRST', of: ({ first }: DeadGroup) => first, dispensable: 2 },
  { title: 'LAST', of: ({ last }: DeadGroup) => last, dispensable: 1 },
  { title: 'TASK', of: ({ task }: DeadGroup) => task, shrinks: 16 },
  { title: 'CODE', of: ({ code }: DeadGroup) => code, dispensable: 3 },
  { title: 'ERROR', of: ({ error }: DeadGroup) => error, shrinks: 18, lines: 3 },
];

/** Of an action on many. */
const PART = {
  limit: whole('<count>', 'at most so many, of each queue those that died first', 1, Number.MAX_SAFE_INTEGER),
  within: duration('<time>', 'end after this time, for example 30s'),
  cursor: text('<cursor>', 'go on where an action before ended; with the same filter'),
} as const;

const NONE = 'No dead task matches.';
const TASK = { id: { summary: 'id of the task', optional: true } } as const;
const ALL = flag('all of them, if no filter is given');
/** Tasks that a dry run shows. */
const PREVIEW = 10;

const REDRIVE: DeadAction = {
  verb: 'Redrive',
  done: 'Redriven',
  one: async (dead, id, by, args) => (await dead.redrive(id, { by, ...(args && { args }) })) === 'redriven',
  all: (dead, filter, options) => dead.redriveAll(filter, options),
};

const DELETE: DeadAction = {
  verb: 'Delete',
  done: 'Deleted',
  one: async (dead, id, by) => (await dead.delete(id, { by })) === 'deleted',
  all: (dead, filter, options) => dead.deleteAll(filter, options),
};

/** The commands about dead tasks. */
export const deadCommands: CommandGroup<InspectorContext> = {
  name: 'dead',
  summary: 'look at dead tasks; redrive and delete them',
  commands: [
    command({
      name: 'ls',
      summary: 'list dead tasks, the newest first',
      options: {
        ...FILTER,
        limit: whole('<count>', 'at most so many (50)', 1, 1_000),
        order: oneOf('<order>', 'which come first', ['newest', 'oldest']),
        cursor: text('<cursor>', 'go on where the page before ended'),
      },
      run: async ({ inspector, out }: InspectorContext, _, { limit, order, cursor, ...given }) => {
        const { dead } = await inspector();
        const filter = filterOf(given);
        const page = await dead.list(filter, { limit, order, cursor });
        out.table(page.tasks, COLUMNS, NONE);
        const are = looksInside(filter) ? 'may be' : 'are';
        if (page.cursor !== undefined) out.say(`There ${are} more: --cursor ${page.cursor}`);
        return undefined;
      },
    }),
    command({
      name: 'groups',
      summary: 'group dead tasks by their error, that of the last death first',
      options: {
        ...FILTER,
        look: whole('<count>', 'look at so many, those that died last (10,000)', 1, 1_000_000),
        limit: whole('<count>', 'at most so many groups (100)', 1, 1_000),
      },
      run: async ({ inspector, out }: InspectorContext, _, { look, limit, ...given }) => {
        const { dead } = await inspector();
        const { groups, others, looked, left } = await dead.groups(filterOf(given), { look, limit });
        out.table(groups, GROUP_COLUMNS, NONE);
        if (others.groups > 0) out.say(`${count(others.groups)} more groups: --limit`);
        if (left > 0) out.say(`Looked at the ${count(looked)} that died last; ${count(left)} are older: --look`);
        return undefined;
      },
    }),
    command({
      name: 'show',
      summary: 'show one dead task: its error, stack and attempts',
      arguments: { id: { summary: 'id of the task' } },
      options: { args: flag('show its arguments, too') },
      run: async ({ inspector, out }: InspectorContext, { id }, { args = false }) => {
        const { dead, groups } = await inspector();
        const task = await dead.get(id);
        if (!task) throw notDead(id);
        const group = task.partOf === undefined ? undefined : await groups.get(task.partOf);
        out.record(args ? { ...task, args: task.args } : task, () => described(task, args, group));
        return undefined;
      },
    }),
    command({
      name: 'redrive',
      summary: 'let dead tasks run again: one by its id, or all that match',
      arguments: TASK,
      options: {
        ...FILTER,
        ...PART,
        all: ALL,
        args: text(
          '<json>',
          'of one task: run it with these arguments, a JSON array; its history keeps the former ones',
        ),
      },
      destructive: true,
      run: (context: InspectorContext, { id }, { args, ...options }) => {
        const request = { ...requestOf(context, id, options), ...(args !== undefined && { args: argumentsOf(args) }) };
        return actOnDead(context, request, REDRIVE);
      },
    }),
    command({
      name: 'delete',
      summary: 'remove dead tasks for ever: one by its id, or all that match',
      arguments: TASK,
      options: { ...FILTER, ...PART, all: ALL },
      destructive: true,
      run: (context: InspectorContext, { id }, options) => actOnDead(context, requestOf(context, id, options), DELETE),
    }),
  ],
};

interface GivenAction extends Given {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly cursor?: string;
  readonly within?: Duration;
  readonly limit?: number;
}

function requestOf(context: InspectorContext, id: string | undefined, options: GivenAction): DeadRequest {
  const { all: everything, yes, dryRun, cursor, within, limit, ...given } = options;
  const filter = filterOf(given);
  const preview = async (dead: DeadLetters, fixed: DeadFilter): Promise<void> => {
    context.out.table(await dead.first(fixed, { cursor, limit: Math.min(limit ?? PREVIEW, PREVIEW) }), COLUMNS, NONE);
  };
  return { id, args: undefined, filter, everything, yes, dryRun, cursor, within, limit, preview };
}

function filterOf({ queue, ...rest }: Given): DeadFilter {
  return { ...rest, ...(queue ? { queues: queue } : {}) };
}

function described(task: DeadTask, withArgs: boolean, group: GroupReport | undefined): string {
  const { id, queue, task: name = '(unknown)', diedAt, code, error, stack, attempt, host, pid, attempts } = task;
  const lines = [
    `${id}  ${name}  in queue ${queue}`,
    `died      ${instant(diedAt)}, at attempt ${attempt ?? '?'}, on ${host} (${pid})`,
    `code      ${code}`,
    // a stack begins with the error, unless that was cut or has causes
    ...(stack?.startsWith(error)
      ? [`error     ${stack}`]
      : [`error     ${error}`, ...(stack === undefined ? [] : [stack])]),
    ...groupLines(group),
    ...attempts.map(({ at, code: why, error: text }) => `attempt   ${instant(nearestDate(at))}  ${why}  ${text ?? ''}`),
  ];
  lines.push(...notesText(task.progress, task.log));
  if (withArgs) lines.push(`args      ${valueText(task.args, task.sealed && !task.args)}`);
  return lines.join('\n');
}
