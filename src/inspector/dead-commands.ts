import { NestworkError } from '../errors.js';
import { type CommandGroup, command } from '../terminal/command.js';
import { EXIT } from '../terminal/exit-code.js';
import { count, instant } from '../terminal/figures.js';
import { progressBar } from '../terminal/progress-bar.js';
import { list, moment, oneOf, text, usageError, whole } from '../terminal/usage.js';
import type { DeadBulkOptions } from './dead-bulk.js';
import type { DeadFilter } from './dead-filter.js';
import type { DeadTask } from './dead-task.js';
import type { InspectorContext } from './inspector-context.js';

const FILTER = {
  queue: list('<name>', 'dead in this queue; several with commas'),
  task: text('<name>', 'of this task: Class.method'),
  code: text('<code>', 'that died of this, for example CRASHED'),
  error: text('<text>', 'whose error contains this text'),
  since: moment('<time>', 'dead since then: an ISO date, or so long ago, such as 2h'),
  until: moment('<time>', 'dead until then'),
} as const;

interface Given extends Omit<DeadFilter, 'queues'> {
  readonly queue?: readonly string[];
}

const COLUMNS = [
  { title: 'ID', of: ({ id }: DeadTask) => id },
  { title: 'DIED', of: ({ diedAt }: DeadTask) => instant(diedAt) },
  { title: 'QUEUE', of: ({ queue }: DeadTask) => queue },
  { title: 'TASK', of: ({ task }: DeadTask) => task },
  { title: 'CODE', of: ({ code }: DeadTask) => code },
  { title: 'ERROR', of: ({ error }: DeadTask) => error.split('\n')[0], shrinks: true as const },
];

const TASK = { id: { summary: 'id of the task', optional: true } } as const;

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
        const page = await dead.list(filterOf(given), { limit, order, cursor });
        out.table(page.tasks, COLUMNS);
        if (page.cursor !== undefined) out.say(`There are more: --cursor ${page.cursor}`);
        return undefined;
      },
    }),
    command({
      name: 'show',
      summary: 'show one dead task: its error, stack and attempts',
      arguments: { id: { summary: 'id of the task' } },
      options: { args: { summary: 'show its arguments, too', read: () => true } },
      run: async ({ inspector, out }: InspectorContext, { id }, { args = false }) => {
        const task = await (await inspector()).dead.get(id);
        if (!task) throw notDead(id);
        out.record(args ? { ...task, args: task.args } : task, () => described(task, args));
        return undefined;
      },
    }),
    command({
      name: 'redrive',
      summary: 'let dead tasks run again: one by its id, or all that match',
      arguments: TASK,
      options: FILTER,
      destructive: true,
      run: (context: InspectorContext, { id }, { yes, dryRun, ...given }) =>
        act(
          context,
          { id, given, verb: 'Redrive', yes, dryRun },
          {
            one: async (dead, task) => (await dead.redrive(task)) === 'redriven',
            all: (dead, filter, options) => dead.redriveAll(filter, options),
          },
        ),
    }),
    command({
      name: 'delete',
      summary: 'remove dead tasks for ever: one by its id, or all that match',
      arguments: TASK,
      options: FILTER,
      destructive: true,
      run: (context: InspectorContext, { id }, { yes, dryRun, ...given }) =>
        act(
          context,
          { id, given, verb: 'Delete', yes, dryRun },
          {
            one: async (dead, task) => (await dead.delete(task)) === 'deleted',
            all: (dead, filter, options) => dead.deleteAll(filter, options),
          },
        ),
    }),
  ],
};

type Dead = Awaited<ReturnType<InspectorContext['inspector']>>['dead'];

interface Request {
  readonly id: string | undefined;
  readonly given: Given;
  readonly verb: string;
  readonly yes: boolean | undefined;
  readonly dryRun: boolean | undefined;
}

interface Action {
  readonly one: (dead: Dead, id: string) => Promise<boolean>;
  readonly all: (dead: Dead, filter: DeadFilter, options: DeadBulkOptions) => Promise<object>;
}

async function act(context: InspectorContext, request: Request, { one, all }: Action) {
  const { id, given, verb, yes, dryRun } = request;
  const { out, signal } = context;
  const filter = filterOf(given);
  const { dead } = await context.inspector();
  if (id !== undefined) {
    if (Object.keys(filter).length > 0) throw usageError('An id and a filter are given.', 'Give one of them.');
    if (!(await dead.get(id))) throw notDead(id);
    if (!(await context.confirm(`${verb} the dead task ${id}`, { yes, dryRun }))) return undefined;
    if (!(await one(dead, id))) throw notDead(id);
    out.record({ id, action: verb.toLowerCase() }, () => `${verb}d ${id}.`);
    return undefined;
  }
  const total = await dead.count(filter);
  const queues = filter.queues ? `of ${filter.queues.join(', ')}` : 'of all queues';
  if (!(await context.confirm(`${verb} ${count(total)} dead tasks ${queues}`, { yes, dryRun }))) return undefined;
  const bar = progressBar(out, `${verb}d`);
  try {
    const result = await all(dead, filter, { signal, batchSize: 500, onProgress: bar.show });
    bar.end();
    out.record(result, () =>
      Object.entries(result)
        .map(([what, number]) => `${what}: ${count(number)}`)
        .join(', '),
    );
    return undefined;
  } catch (error) {
    bar.end();
    if (!signal.aborted) throw error;
    out.say(`Stopped. ${verb}d ${count(bar.done)} of ${count(total)}; the rest is as it was.`);
    return EXIT.failed;
  }
}

function filterOf({ queue, ...rest }: Given): DeadFilter {
  return { ...rest, ...(queue ? { queues: queue } : {}) };
}

function described(task: DeadTask, withArgs: boolean): string {
  const { id, queue, task: name = '(unknown)', diedAt, code, error, stack, attempt, host, pid, attempts } = task;
  const lines = [
    `${id}  ${name}  in queue ${queue}`,
    `died      ${instant(diedAt)}, at attempt ${attempt ?? '?'}, on ${host} (${pid})`,
    `code      ${code}`,
    `error     ${error}`,
    ...(stack === undefined ? [] : [stack]),
    ...attempts.map(({ at, code: why, error: text }) => `attempt   ${instant(new Date(at))}  ${why}  ${text ?? ''}`),
  ];
  if (withArgs) lines.push(`args      ${JSON.stringify(task.args)}`);
  return lines.join('\n');
}

function notDead(id: string): NestworkError {
  return new NestworkError('UNKNOWN_TASK_ID', `No task ${id} is dead.`, [
    'See where it is: nestwork tasks show.',
    'It may have been redriven or deleted, or be in another namespace: --namespace.',
  ]);
}
