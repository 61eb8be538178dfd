import type { TaskListOptions } from '../../../inspector/tasks/task-list-options.js';
import { invalid } from '../../../values/option-values.js';
import { shown } from '../../../values/shown.js';
import type { Call } from '../../http/route.js';
import { RowReader } from './task-rows.js';
import type { ScheduledRows, TaskRow, TaskRows } from './wire.js';

/** How long a person waits for a part of a search, in ms. */
const WITHIN_MS = 2_000;
const MOST_WITHIN_MS = 10_000;
const LIMIT = 50;
/** Dead tasks that one step reads: it ends between two of them. */
const DEAD_STEP = 100;
const DEAD_CURSOR = /^dead:(\d{1,12}):(.*)$/;

interface Search {
  readonly reader: RowReader;
  readonly isSearch: boolean;
  readonly options: TaskListOptions;
  readonly limit: number;
  readonly endsAt: number;
  readonly order: 'newest' | 'oldest';
}

/** Tasks in any state: first those that live, then the dead ones. */
export async function listTasks(call: Call): Promise<TaskRows> {
  const search = await searchOf(call);
  const { reader } = search;
  const state = text(call, 'state');
  const cursor = text(call, 'cursor');
  const dead = cursor === undefined ? undefined : DEAD_CURSOR.exec(cursor);
  const rows: TaskRow[] = [];
  let looked = 0;
  if (state !== 'dead' && !dead) {
    const options = { ...search.options, ...(state !== undefined && { state: state as never }), cursor };
    const page = await call.inspector.tasks.search(
      options,
      search.isSearch || reader.seesArguments ? reader.matches.bind(reader) : undefined,
      !search.isSearch,
    );
    rows.push(...page.tasks.map((task) => reader.living(task)));
    looked = page.looked;
    if (state !== undefined || page.cursor !== undefined)
      return {
        rows,
        cursor: page.cursor,
        looked,
        left: page.left + (state === undefined ? await deadIn(call, search) : 0),
        seesArguments: reader.seesArguments,
      };
  }
  if (cursor !== undefined && state === 'dead' && !dead)
    throw invalid('cursor', 'is none of this list', 'Take it from the page before.');
  const [, passed = '0', from = ''] = dead ?? [];
  const rest = await listDead(call, search, {
    room: search.limit - rows.length,
    passed: Number(passed),
    from: from || undefined,
  });
  rows.push(...rest.rows);
  return {
    rows,
    cursor: rest.cursor,
    looked: looked + rest.looked,
    left: rest.left,
    seesArguments: reader.seesArguments,
  };
}

async function searchOf(call: Call): Promise<Search> {
  const any = text(call, 'q');
  const wanted = { any, text: text(call, 'text') };
  const limit = number(call, 'limit', LIMIT);
  const withinMs = Math.min(number(call, 'within', WITHIN_MS), MOST_WITHIN_MS);
  const order = text(call, 'order') ?? 'oldest';
  if (order !== 'oldest' && order !== 'newest')
    throw invalid('order', `is ${shown(order)}`, "Give 'oldest' or 'newest'.");
  const options: TaskListOptions = {
    queue: text(call, 'queue'),
    task: text(call, 'task'),
    id: text(call, 'id'),
    limit,
    within: `${withinMs}ms`,
    order,
  };
  const seesArguments = await call.rights.may('arguments');
  const reader = new RowReader(call, wanted, seesArguments);
  const isSearch = wanted.any !== undefined || wanted.text !== undefined;
  return { reader, isSearch, options: given(options), limit, endsAt: performance.now() + withinMs, order };
}

interface Part {
  readonly room: number;
  readonly passed: number;
  readonly from: string | undefined;
}

/** Step by step, because the inspector itself would look at all of them for what is rare. */
async function listDead(
  call: Call,
  { reader, options, endsAt, order, isSearch }: Search,
  { room, passed, from }: Part,
): Promise<Omit<TaskRows, 'seesArguments'>> {
  const { dead } = call.inspector;
  const { task, id = '', queue } = options;
  const isAll = !isSearch && task === undefined && id === '';
  const filter = queue === undefined ? {} : { queues: [queue] };
  const total = await dead.count(filter);
  const rows: TaskRow[] = [];
  let [looked, cursor] = [0, from];
  while (rows.length < room) {
    const limit = isAll ? room - rows.length : DEAD_STEP;
    const page = await dead.list(filter, {
      limit,
      order: order === 'oldest' ? 'newest' : 'oldest',
      ...(cursor !== undefined && { cursor }),
    });
    for (const one of page.tasks) {
      if ((task !== undefined && one.task !== task) || !one.id.startsWith(id)) continue;
      if (await reader.matches(one, () => one.args)) rows.push(reader.dead(one));
    }
    looked += page.tasks.length;
    cursor = page.cursor;
    if (cursor === undefined) return { rows, cursor: undefined, looked, left: 0 };
    if (performance.now() > endsAt) break;
  }
  const all = passed + looked;
  return { rows, cursor: `dead:${all}:${cursor ?? ''}`, looked, left: Math.max(total - all, 0) };
}

async function deadIn(call: Call, { options: { queue } }: Search): Promise<number> {
  return call.inspector.dead.count(queue === undefined ? {} : { queues: [queue] });
}

/** The next scheduled tasks of all queues, or of one, by their time. */
export async function listScheduled(call: Call): Promise<ScheduledRows> {
  const limit = number(call, 'limit', 100);
  const seesArguments = await call.rights.may('arguments');
  const reader = new RowReader(call, { any: undefined, text: undefined }, seesArguments);
  const matches = seesArguments ? reader.matches.bind(reader) : undefined;
  const queue = text(call, 'queue');
  const names = queue === undefined ? await call.inspector.queues.names() : [queue];
  const pages = await Promise.all(
    names.map((name) =>
      call.inspector.tasks.search(
        given({ state: 'scheduled', queue: name, task: text(call, 'task'), limit }),
        matches,
        true,
      ),
    ),
  );
  const tasks = pages.flatMap((page) => page.tasks);
  const total = pages.reduce((sum, page) => sum + page.looked + page.left, 0);
  const timeOf = (task: (typeof tasks)[number]): number => task.dueAt?.getTime() ?? 0;
  tasks.sort((a, b) => timeOf(a) - timeOf(b));
  return { rows: tasks.slice(0, limit).map((task) => reader.living(task)), total };
}

function text(call: Call, name: string): string | undefined {
  return call.query.get(name) || undefined;
}

function number(call: Call, name: string, fallback: number): number {
  const value = text(call, name);
  if (value === undefined) return fallback;
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw invalid(name, `is ${shown(value)}`, 'Give a whole number.');
}

/** Without what is undefined. */
function given(options: TaskListOptions): TaskListOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
