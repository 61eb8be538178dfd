import type { TaskListOptions } from '../../../inspector/tasks/task-list-options.js';
import { invalid } from '../../../values/option-values.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import type { Call } from '../../http/route.js';
import { RowReader } from './task-rows.js';
import type { ScheduledRows, TaskRow, TaskRows } from './wire.js';

/** What the address of a list may have. */
const NAMES = ['in', 'state', 'queue', 'task', 'id', 'q', 'text', 'cursor'];
/** How long a person waits for a part of a search, in ms. */
const WITHIN_MS = 2_000;
const LIMIT = 50;
const MOST_SCHEDULED = 100;
/** Dead tasks that one step reads: it ends between two of them. */
const DEAD_STEP = 100;
const DEAD_CURSOR = /^dead:(\d{1,12}):(.*)$/;

interface Search {
  readonly reader: RowReader;
  readonly isSearch: boolean;
  readonly options: TaskListOptions;
  readonly endsAt: number;
}

/** Tasks in any state: first those that live, in the order in which they run, then the dead ones, those that died last first. */
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
    seesArguments: reader.seesArguments,
  };
}

async function searchOf(call: Call): Promise<Search> {
  const unknown = [...call.query.keys()].find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(unknown, 'is none of a list of tasks', `There are: ${NAMES.join(', ')}.`);
  const wanted = { any: text(call, 'q'), text: text(call, 'text') };
  const options: TaskListOptions = withoutGaps({
    queue: text(call, 'queue'),
    task: text(call, 'task'),
    id: text(call, 'id'),
    limit: LIMIT,
    within: WITHIN_MS,
  });
  const seesArguments = await call.rights.may('arguments');
  const reader = new RowReader(call, wanted, seesArguments);
  const isSearch = wanted.any !== undefined || wanted.text !== undefined;
  return { reader, isSearch, options, endsAt: performance.now() + WITHIN_MS };
}

interface Part {
  readonly room: number;
  readonly passed: number;
  readonly from: string | undefined;
}

/** Step by step, because the inspector itself would look at all of them for what is rare. */
async function listDead(
  call: Call,
  { reader, options, endsAt, isSearch }: Search,
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
    const page = await dead.list(filter, { limit, ...(cursor !== undefined && { cursor }) });
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
  const seesArguments = await call.rights.may('arguments');
  const reader = new RowReader(call, { any: undefined, text: undefined }, seesArguments);
  const matches = seesArguments ? reader.matches.bind(reader) : undefined;
  const queue = text(call, 'queue');
  const names = queue === undefined ? await call.inspector.queues.names() : [queue];
  const pages = await Promise.all(
    names.map((name) =>
      call.inspector.tasks.search(
        withoutGaps({ state: 'scheduled' as const, queue: name, task: text(call, 'task'), limit: MOST_SCHEDULED }),
        matches,
        true,
      ),
    ),
  );
  const tasks = pages.flatMap((page) => page.tasks);
  const total = pages.reduce((sum, page) => sum + page.looked + page.left, 0);
  const timeOf = (task: (typeof tasks)[number]): number => task.dueAt?.getTime() ?? 0;
  tasks.sort((a, b) => timeOf(a) - timeOf(b));
  return { rows: tasks.slice(0, MOST_SCHEDULED).map((task) => reader.living(task)), total };
}

function text(call: Call, name: string): string | undefined {
  return call.query.get(name) || undefined;
}
