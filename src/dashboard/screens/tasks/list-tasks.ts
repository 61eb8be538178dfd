import type { DeadFilter } from '../../../inspector/dead-filter.js';
import { cursorOf, type DeadPageOptions } from '../../../inspector/dead-paging.js';
import type { TaskMatcher } from '../../../inspector/tasks/task-list.js';
import type { TaskListOptions } from '../../../inspector/tasks/task-list-options.js';
import type { Duration } from '../../../values/duration.js';
import { invalid } from '../../../values/option-values.js';
import { printable } from '../../../values/printable.js';
import { shown } from '../../../values/shown.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import type { Call } from '../../http/route.js';
import { detached } from '../../live/shared.js';
import { TaskMatch } from './task-match.js';
import { deadRow, livingRow, RowReader } from './task-rows.js';
import type { Line, ScheduledRows, TaskRow, TaskRows } from './wire.js';

/** What the address of a list may have. */
const NAMES = ['in', 'state', 'queue', 'task', 'id', 'q', 'text', 'key', 'error', 'older', 'cursor'];
const SCHEDULED_NAMES = ['in', 'queue'];
/** How long a person waits for a part of a search, in ms. */
const WITHIN_MS = 2_000;
const LIMIT = 50;
const MOST_SCHEDULED = 100;
/** Dead tasks that one step reads. */
const DEAD_STEP = 100;
const DEAD_CURSOR = /^dead:(\d{1,12}):(.*)$/;

type Rows = Pick<TaskRows, 'rows' | 'cursor' | 'looked' | 'left' | 'notes'>;

interface Search {
  readonly reader: RowReader;
  readonly isSearch: boolean;
  readonly options: TaskListOptions;
  /** of dead tasks */
  readonly dead: DeadFilter;
  /** whether only dead tasks can match: others have no error, and no end */
  readonly isOfDead: boolean;
  readonly endsAt: number;
}

/** Tasks in any state: first those that live, in the order in which they run, then the dead ones, those that died last first. */
export async function listTasks(call: Call): Promise<TaskRows> {
  const search = await searchOf(call);
  const { reader } = search;
  const given = text(call, 'state');
  if (search.isOfDead && given !== undefined && given !== 'dead')
    throw invalid('state', `is ${shown(given)}`, 'Leave it out: `error` and `older` are for dead tasks.');
  const state = search.isOfDead ? 'dead' : given;
  const isOfKey = search.options.key !== undefined;
  if (isOfKey && state === 'dead')
    throw invalid('key', 'is given for dead tasks', 'Leave it out: they have no key left.');
  const cursor = text(call, 'cursor');
  const dead = cursor === undefined ? undefined : DEAD_CURSOR.exec(cursor);
  const rows: TaskRow[] = [];
  let looked = 0;
  if (state !== 'dead' && !dead) {
    const options = { ...search.options, ...(state !== undefined && { state: state as never }), cursor };
    const page = search.isSearch ? await found(call, search, options) : await listed(call, reader, options);
    rows.push(...page.rows);
    looked = page.looked;
    if (isOfKey || state !== undefined || page.cursor !== undefined)
      return {
        rows,
        cursor: page.cursor,
        looked,
        left: page.left + (state === undefined && !isOfKey ? await deadIn(call, search) : 0),
        seesArguments: reader.seesArguments,
      };
  }
  if (cursor !== undefined && state === 'dead' && !dead)
    throw invalid('cursor', 'is none of this list', 'Take it from the page before.');
  const [, passed = '0', from = ''] = dead ?? [];
  const rest = await listDead(call, search, {
    room: LIMIT - rows.length,
    passed: Number(passed),
    from: from || undefined,
  });
  rows.push(...rest.rows);
  return {
    rows,
    cursor: rest.cursor,
    looked: looked + rest.looked,
    left: rest.left,
    notes: rest.notes,
    seesArguments: reader.seesArguments,
  };
}

async function found({ inspector }: Call, { reader }: Search, options: TaskListOptions): Promise<Rows> {
  const { tasks, ...looked } = await inspector.tasks.search(options, (task, args) => reader.matches(task, args));
  return { ...looked, rows: tasks.map((task) => reader.row(livingRow(task))) };
}

/** The same for all who look, but for the arguments that each may see. */
async function listed({ inspector, live }: Call, reader: RowReader, options: TaskListOptions): Promise<Rows> {
  const page = await live.shared.read(['tasks', options], async () => {
    const lines = new Map<string, Line | undefined>();
    const collect: TaskMatcher = async (task, args, bytes) => {
      lines.set(task.id, reader.line(task, args(), bytes));
      return true;
    };
    const { tasks, ...looked } = await inspector.tasks.search(options, collect, true);
    return detached({ ...looked, rows: tasks.map((task) => livingRow(task, lines.get(task.id))) });
  });
  return { ...page, rows: await reader.allowed(page.rows) };
}

/** The same for dead tasks. */
async function listedDead(
  { inspector, live }: Call,
  reader: RowReader,
  filter: DeadFilter,
  page: DeadPageOptions,
): Promise<Rows> {
  const found = await live.shared.read(['dead rows', filter, page], async () => {
    const { tasks, foreign = {}, ...looked } = await inspector.dead.list(filter, page);
    const notes = Object.entries(foreign).map(([queue, id]) => passedOver(queue, id));
    return detached({
      ...looked,
      notes,
      rows: tasks.map((one) => deadRow(one, reader.line(one, one.args, one.sealed ? undefined : one.bytes))),
    });
  });
  return { ...found, rows: await reader.allowed(found.rows) };
}

function passedOver(queue: string, id: string): string {
  return `An entry of dead:${printable(queue)} is no dead task: ${printable(id, 60)}. Another program wrote it.`;
}

async function searchOf(call: Call): Promise<Search> {
  assertNames(call, NAMES, 'a list of tasks');
  const wanted = { any: text(call, 'q'), text: text(call, 'text') };
  const options: TaskListOptions = withoutGaps({
    queue: text(call, 'queue'),
    task: text(call, 'task'),
    id: text(call, 'id'),
    key: text(call, 'key'),
    limit: LIMIT,
    within: WITHIN_MS,
  });
  const match = await TaskMatch.of(call, wanted);
  const reader = new RowReader(call, match);
  const { isSearch } = match;
  const [queue, error, older] = [text(call, 'queue'), text(call, 'error'), text(call, 'older')];
  const dead: DeadFilter = withoutGaps({
    queues: queue === undefined ? undefined : [queue],
    error,
    until: older as Duration | undefined,
  });
  const isOfDead = [error, older].some((one) => one !== undefined);
  return { reader, isSearch, options, dead, isOfDead, endsAt: performance.now() + WITHIN_MS };
}

interface Part {
  readonly room: number;
  readonly passed: number;
  readonly from: string | undefined;
}

/** Step by step, because the inspector itself would look at all of them for what is rare. */
async function listDead(
  call: Call,
  { reader, options, dead: filter, endsAt, isSearch }: Search,
  { room, passed, from }: Part,
): Promise<Omit<TaskRows, 'seesArguments'>> {
  const { dead } = call.inspector;
  const { task, id = '' } = options;
  const { error, ...range } = filter;
  if (room === 0) {
    const left = await dead.count(range);
    return { rows: [], cursor: left > 0 ? `dead:${passed}:${from ?? ''}` : undefined, looked: 0, left };
  }
  if (!isSearch && task === undefined && id === '' && error === undefined && range.until === undefined) {
    const page = await listedDead(call, reader, filter, { limit: room, ...(from !== undefined && { cursor: from }) });
    return { ...page, cursor: page.cursor && `dead:${passed + page.looked}:${page.cursor}` };
  }
  const total = await dead.count(range);
  const rows: TaskRow[] = [];
  let [looked, cursor] = [0, from];
  while (rows.length < room) {
    const within = Math.max(Math.round(endsAt - performance.now()), 1);
    const page = await dead.list(filter, { limit: DEAD_STEP, within, ...(cursor !== undefined && { cursor }) });
    let read = 0;
    for (const one of page.tasks) {
      read += 1;
      const isWanted = (task === undefined || one.task === task) && one.id.startsWith(id);
      if (isWanted && (await reader.matches(one, () => one.args))) rows.push(reader.row(deadRow(one)));
      if (performance.now() > endsAt) break;
    }
    const last = read < page.tasks.length ? page.tasks[read - 1] : undefined;
    // between those with the error others were looked at
    looked += last ? Math.round((page.looked * read) / page.tasks.length) : page.looked;
    cursor = last ? cursorOf({ diedAt: last.diedAt.getTime(), id: last.id }) : page.cursor;
    if (cursor === undefined) return { rows, cursor: undefined, looked, left: 0 };
    if (performance.now() > endsAt) break;
  }
  const all = passed + looked;
  return { rows, cursor: `dead:${all}:${cursor ?? ''}`, looked, left: Math.max(total - all, 0) };
}

async function deadIn(call: Call, { dead }: Search): Promise<number> {
  return call.inspector.dead.count(dead);
}

/** The next scheduled tasks of all queues, or of one, by their time. */
export async function listScheduled(call: Call): Promise<ScheduledRows> {
  assertNames(call, SCHEDULED_NAMES, 'the scheduled tasks');
  const reader = new RowReader(call, await TaskMatch.of(call, {}));
  const queue = text(call, 'queue');
  const queues = queue === undefined ? await withSchedule(call) : [queue];
  const options = { state: 'scheduled' as const, limit: MOST_SCHEDULED };
  const pages = await Promise.all(queues.map((queue) => listed(call, reader, { ...options, queue })));
  const rows = pages.flatMap((page) => page.rows);
  const total = pages.reduce((sum, page) => sum + page.looked + page.left, 0);
  // ISO texts are in the order of their times; a time that no Date can have is behind all
  rows.sort((a, b) => ((a.at ?? '~') < (b.at ?? '~') ? -1 : 1));
  return { rows: rows.slice(0, MOST_SCHEDULED), total };
}

async function withSchedule({ live }: Call): Promise<string[]> {
  const { queues } = await live.snapshot();
  return queues.filter(({ scheduled }) => scheduled > 0).map(({ queue }) => queue);
}

function assertNames({ query }: Call, names: readonly string[], of: string): void {
  const unknown = [...query.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(unknown, `is none of ${of}`, `There are: ${names.join(', ')}.`);
}

function text(call: Call, name: string): string | undefined {
  return call.query.get(name) || undefined;
}
