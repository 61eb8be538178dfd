import { NestworkError } from '../../errors.js';
import { behindRetry } from '../../policy/task-errors.js';
import type { StateWord } from '../../task/task-states.js';
import { type CommandGroup, command } from '../../terminal/command.js';
import { ago, instant } from '../../terminal/figures.js';
import { date, duration, flag, list, oneOf, text, usageError, whole } from '../../terminal/usage.js';
import { count } from '../../values/counted.js';
import { nearestDate } from '../../values/dates.js';
import { shown } from '../../values/shown.js';
import type { GroupReport } from '../groups/group-report.js';
import { groupLines, ROOMS } from '../groups/group-text.js';
import type { InspectorContext } from '../inspector-context.js';
import { notesText } from '../notes-text.js';
import { valueText } from '../value-text.js';
import { argumentsOf } from './json-arguments.js';
import type { ListedTask, TaskWorker } from './listed-task.js';
import { outcomeText } from './outcome-text.js';
import { rescheduleCommands } from './reschedule-commands.js';
import type { SendByNameOptions } from './send-by-name.js';
import type { TaskDetails } from './task-details.js';

const HELD_BACK: StateWord<'held back'> = 'held back';

export const TASK_COLUMNS = [
  { title: 'ID', of: ({ id }: ListedTask) => id },
  { title: 'STATE', of: ({ state, heldBack }: ListedTask) => (heldBack ? HELD_BACK : state) },
  { title: 'QUEUE', of: ({ queue }: ListedTask) => queue, dispensable: 1 },
  { title: 'TASK', of: ({ task }: ListedTask) => task, shrinks: 14 },
  { title: 'ATTEMPT', of: ({ attempt }: ListedTask) => attempt, align: 'right' as const, dispensable: 3 },
  { title: 'TIME', of: timeOf },
  {
    title: 'WORKER',
    of: ({ worker }: ListedTask) => worker && `${worker.host}:${worker.pid}`,
    shrinks: 14,
    dispensable: 2,
  },
];

const ID = { id: { summary: 'id of the task' } } as const;
const ENDED: Partial<Record<TaskDetails['state'], string>> = {
  dead: 'is dead already',
  cancelled: 'was cancelled before',
  done: 'is done',
  dropped: 'was dropped',
  unknown: 'is done, or never was',
};

/** The commands about tasks. */
export const taskCommands: CommandGroup<InspectorContext> = {
  name: 'tasks',
  summary: 'look at tasks; explain why they wait; cancel and send them',
  commands: [
    command({
      name: 'ls',
      summary: 'list tasks that have not ended, or done ones that are kept; with --task, --id or --text it searches',
      options: {
        state: oneOf('<state>', 'only these', ['active', 'quarantined', 'pending', 'scheduled', 'done']),
        queue: text('<name>', 'of this queue', 'queues'),
        task: text('<name>', 'of this task: Class.method', 'tasks'),
        id: text('<start>', 'whose id begins so'),
        text: text('<text>', 'whose arguments contain this, such as "weekly: true"'),
        key: text('<key>', 'which has this unique key; with --task'),
        limit: whole('<count>', 'at most so many (50)', 1, 1_000),
        order: oneOf('<order>', 'which come first (oldest; of done ones newest)', ['oldest', 'newest']),
        within: duration('<time>', 'end the search after this time (5s)'),
        cursor: text('<cursor>', 'go on where the page before ended'),
      },
      run: async ({ inspector, out }: InspectorContext, _, options) => {
        const { tasks } = await inspector();
        const page = await tasks.list(options);
        out.table(page.tasks, TASK_COLUMNS, 'No task was found.');
        if (page.cursor !== undefined) {
          const looked = `Looked at ${count(page.looked)} tasks; about ${count(page.left)} are left`;
          out.say(`${looked}: --cursor ${page.cursor}`);
        }
        if (page.sealed !== undefined) out.say(unsearched(page.sealed));
        return undefined;
      },
    }),
    command({
      name: 'show',
      summary: 'show one task in any state: its place, headers and attempts',
      arguments: ID,
      options: { args: flag('show its arguments and what it returned, too') },
      run: async ({ inspector, out }: InspectorContext, { id }, { args = false }) => {
        const { tasks, groups } = await inspector();
        const task = await tasks.get(id);
        if (!task) throw notFound(id, await groups.get(id));
        out.record(args ? withValues(task) : task, () => described(task, args));
        return undefined;
      },
    }),
    command({
      name: 'explain',
      summary: 'say why a task waits, or how it ended',
      arguments: ID,
      run: async ({ inspector, out }: InspectorContext, { id }) => {
        const { tasks, groups } = await inspector();
        const explanation = await tasks.explain(id);
        const group = explanation.code === 'unknown' ? await groups.get(id) : undefined;
        if (group) throw notFound(id, group);
        out.record(explanation, () => explanation.sentences.join('\n'));
        return undefined;
      },
    }),
    command({
      name: 'cancel',
      summary: 'cancel a task: remove it if it waits, stop it if it runs',
      arguments: ID,
      destructive: true,
      run: async ({ inspector, out, by, confirm }: InspectorContext, { id }, { yes, dryRun }) => {
        const { tasks, groups } = await inspector();
        const task = await tasks.get(id);
        if (!task) throw notFound(id, await groups.get(id));
        if (task.state in ENDED) throw notCancelled(id, task.state);
        const what = `Cancel the ${task.state} task ${id} (${task.task ?? 'unknown'}) of queue "${task.queue}"`;
        if (!(await confirm(what, { yes, dryRun }))) return undefined;
        const found = await tasks.cancel(id, { by });
        if (found in ENDED) throw notCancelled(id, found);
        const note = found === 'active' ? ' Its child stops it.' : '';
        out.record({ id, found, cancelled: true }, () => `Cancelled ${id}, which was ${found}.${note}`);
        return undefined;
      },
    }),
    command({
      name: 'send',
      summary: 'send a task by its name, to the queue that workers announced for it',
      arguments: {
        task: { summary: 'name of the task: Class.method', completes: 'tasks' },
        args: { summary: 'its arguments, a JSON array: \'[7, {"weekly": true}]\' (none)', optional: true },
      },
      options: {
        queue: text('<name>', 'to this queue instead', 'queues'),
        delay: duration('<time>', 'run it so much later'),
        at: date('<date>', 'run it then: an ISO date'),
        key: text('<key>', 'only if no other call has this key'),
        header: list('<name=value>', 'a header; several with commas, or one each'),
        priority: whole('<number>', 'before those with a lower one: 0 to 9', 0, 9),
        limitKey: list('<limit=key>', 'its key for a limit that has keys; several with commas, or one each'),
        fairKey: text('<tenant>', 'its tenant, for a task that takes turns by tenant'),
        id: text('<id>', 'of a call whose outcome is unknown: it is added at most once'),
      },
      run: async ({ inspector, out, by }: InspectorContext, { task, args }, given) => {
        const [values, options] = [argumentsOf(args), sendOptionsOf(given)];
        const sent = await (await inspector()).tasks.send(task, values, { ...options, by });
        out.record(sent, () =>
          sent.added ? `Sent ${sent.id} to ${sent.queue}.` : `Not sent: task ${sent.id} of ${sent.queue} has the key.`,
        );
        return undefined;
      },
    }),
    ...rescheduleCommands,
  ],
};

interface GivenSend {
  readonly queue?: string;
  readonly delay?: `${number}ms`;
  readonly at?: Date;
  readonly key?: string;
  readonly header?: readonly string[];
  readonly priority?: number;
  readonly limitKey?: readonly string[];
  readonly fairKey?: string;
  readonly id?: string;
}

function sendOptionsOf({ at, header, limitKey, ...rest }: GivenSend): SendByNameOptions {
  return {
    ...rest,
    ...(at && { eta: at }),
    ...(header && { headers: pairsIn('header', header, 'tenant=acme') }),
    ...(limitKey && { limitKeys: pairsIn('limit-key', limitKey, 'stripe=acme') }),
  };
}

function pairsIn(option: string, given: readonly string[], example: string): Record<string, string> {
  const pairs = given.map((pair) => {
    const at = pair.indexOf('=');
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
    throw usageError(`--${option} is ${shown(pair)}.`, `Give a name and a value: --${option} ${example}.`);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function notFound(id: string, group?: GroupReport): NestworkError {
  if (group) {
    return new NestworkError('UNKNOWN_TASK_ID', `${id} is a ${group.kind}, and no task.`, [
      `Look at it: nestwork ${ROOMS[group.kind]} show ${id}.`,
    ]);
  }
  return new NestworkError('UNKNOWN_TASK_ID', `Redis has no task ${id}.`, [
    'It may be done: done tasks leave no trace, unless they noted something, keep a result, or their name has `keepDone`.',
    'It may have been cancelled with its batch or flow: nestwork flows show, with the id of the flow.',
    'It may be in another namespace: --namespace.',
  ]);
}

function notCancelled(id: string, state: TaskDetails['state']): NestworkError {
  return new NestworkError('UNKNOWN_TASK_ID', `Task ${id} ${ENDED[state]}: there is nothing to cancel.`, [
    ...(state === 'dead' ? [`Remove it: nestwork dead delete ${id}.`] : []),
    'It may be in another namespace: --namespace.',
  ]);
}

function unsearched(sealed: number): string {
  const have = sealed === 1 ? 'task has' : 'tasks have';
  return `${count(sealed)} ${have} arguments that are sealed, and were not searched. Give their keys in NESTWORK_PAYLOAD_KEYS.`;
}

/** With what may be secret. */
function withValues(task: TaskDetails): object {
  const { args, result } = task;
  return { ...task, args, ...(result && { result: { ...result, value: result.value } }) };
}

function described(task: TaskDetails, withArgs: boolean): string {
  const { id, state, queue, task: name = '(unknown)', ahead, attempt, attempts, worker, headers = {}, death } = task;
  // of a scheduled one it is when it will come into its queue: as it is due
  const enqueued = task.dueAt ? undefined : task.enqueuedAt;
  const times = { enqueued, due: task.dueAt, expires: task.expiresAt };
  const ends = { started: task.startedAt, ended: task.endedAt, cancelled: task.cancelledAt };
  const place = state === 'waiting' ? 'in its flow, then in queue' : 'in queue';
  const lines = [
    `${id}  ${name}  ${task.heldBack ? HELD_BACK : state}${queue === undefined ? '' : ` ${place} ${queue}`}`,
  ];
  for (const [label, time] of Object.entries({ ...times, ...ends }))
    if (time) lines.push(`${label.padEnd(9)} ${instantOf(time)}`);
  if (ahead !== undefined) lines.push(`ahead     ${count(ahead)}`);
  if (worker) lines.push(`worker    ${runnerOf(worker)}`);
  if (attempt !== undefined) lines.push(`attempt   ${attempt}`);
  if (death)
    lines.push(`died      ${instantOf(death.diedAt)}, on ${death.host} (${death.pid})`, `code      ${death.code}`);
  if (death) lines.push(`error     ${death.stack ?? death.error}`);
  lines.push(...groupLines(task.partOf));
  for (const { at, code, error = '' } of attempts) {
    const asked = behindRetry(error);
    const how = asked === undefined ? `${code}  ${error}` : `it asked to run again${asked}`;
    lines.push(`${asked === undefined ? 'failed ' : 'retried'}   ${instant(nearestDate(at))}  ${how}`);
  }
  for (const [header, value] of Object.entries(headers)) lines.push(`header    ${header}: ${value}`);
  const { result } = task;
  if (result) lines.push(`result    ${outcomeText(result)}`);
  if (result?.keptUntil) lines.push(`kept      until ${instantOf(result.keptUntil)}`);
  lines.push(...notesText(task.progress, task.log));
  if (withArgs) lines.push(`args      ${argsText(task)}`);
  if (withArgs && result?.kind === 'done') lines.push(`returned  ${valueText(result.value, result.isClosed)}`);
  return lines.join('\n');
}

/** Of a task that has ended, often nothing but its result is left. */
function argsText({ args, raw, sealed }: TaskDetails): string {
  return raw === undefined && args === undefined ? 'not kept' : valueText(args, sealed && !args);
}

function instantOf(time: Date): string {
  const away = time.getTime() - Date.now();
  return `${instant(time)} (${away > 0 ? `in ${ago(away)}` : `${ago(-away)} ago`})`;
}

/** Since when it runs, when it is due, when it ended or, of one that waits in its queue, when it came there. */
function timeOf({ state, startedAt, dueAt, endedAt, enqueuedAt }: ListedTask): Date | undefined {
  return state === 'active' ? startedAt : (dueAt ?? endedAt ?? enqueuedAt);
}

function runnerOf({ host, pid, childPid }: TaskWorker): string {
  return `${host}:${pid}${childPid === undefined ? '' : `, child ${childPid}`}`;
}
