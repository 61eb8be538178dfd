import type { JSX } from 'preact';
import { ask, BulkFrame, counted, Do, n, type Question, startBulk, useBulk } from '../../page/parts/index.js';
import type { DashboardAction } from '../../page/session.js';
import { TimeFields, timeOf } from './new-time.js';
import type { RowState, TaskRow } from './wire.js';

interface Choice {
  readonly words: string;
  readonly right: DashboardAction;
  readonly path: string;
  /** the states in which something can be done */
  readonly states: readonly RowState[];
  readonly past: string;
  readonly lines: readonly string[];
  readonly isGrave?: boolean;
  readonly asksTime?: boolean;
}

const LIVING: readonly RowState[] = ['pending', 'quarantined', 'scheduled', 'active'];

const CHOICES: readonly Choice[] = [
  {
    words: 'Run now',
    right: 'reschedule',
    path: 'tasks/run',
    states: ['scheduled'],
    past: 'Moved',
    lines: ['They go to the tail of their queues, and run as soon as a child is free.'],
  },
  {
    words: 'Move to',
    right: 'reschedule',
    path: 'tasks/move',
    states: ['scheduled'],
    past: 'Moved',
    lines: ['All get the same time. `expires` counts from it.'],
    asksTime: true,
  },
  {
    words: 'Cancel',
    right: 'cancel',
    path: 'tasks/cancel',
    states: LIVING,
    past: 'Cancelled',
    lines: ['They never run again: nothing brings them back.', 'One that a child has claimed by then is aborted.'],
    isGrave: true,
  },
  {
    words: 'Redrive',
    right: 'redrive',
    path: 'dead/redrive-many',
    states: ['dead'],
    past: 'Redriven',
    lines: ['They go to the tail of their queues. Their attempts count from one.'],
  },
  {
    words: 'Delete',
    right: 'delete',
    path: 'dead/delete-many',
    states: ['dead'],
    past: 'Deleted',
    lines: ['They are gone for ever.'],
    isGrave: true,
  },
];

interface TaskBulkProps {
  readonly rows: readonly TaskRow[];
  readonly selected: ReadonlySet<string>;
  readonly clear: () => void;
}

const tasks = (count: number): string => counted(count, 'task');

/** What can be done to the selected tasks. */
export function TaskBulk({ rows, selected, clear }: TaskBulkProps): JSX.Element | null {
  const isTaken = useBulk();
  const chosen = rows.filter(({ id }) => selected.has(id));
  if (isTaken || chosen.length === 0) return null;
  const start = async (choice: Choice): Promise<void> => {
    const { past, path, states, asksTime } = choice;
    const fitting = chosen.filter(({ state }) => states.includes(state));
    const fields = await ask(questionOf(choice, fitting, chosen.length));
    if (!fields) return;
    const body = { ids: fitting.map(({ id }) => id), ...(asksTime && timeOf(fields)) };
    // not awaited: the bar shows it
    startBulk({ past, path, body, total: fitting.length, done: clear });
  };
  return (
    <BulkFrame label="Selected tasks">
      <b class="grow">{n(chosen.length)} selected</b>
      <button type="button" class="bare" onClick={clear}>
        Clear
      </button>
      {CHOICES.filter(({ states }) => chosen.some(({ state }) => states.includes(state))).map((choice) => (
        <Do
          key={choice.words}
          right={choice.right}
          run={() => start(choice)}
          {...(choice.isGrave && { kind: 'grave' as const })}
          {...(choice.words === 'Cancel' && { letter: 'x' })}
        >
          {choice.words}…
        </Do>
      ))}
    </BulkFrame>
  );
}

function questionOf(choice: Choice, fitting: readonly TaskRow[], all: number): Question {
  const counts = new Map<RowState, number>();
  for (const { state } of fitting) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${n(count)} ${state}`).join(', ');
  const others = all - fitting.length;
  const isMany = choice.words === 'Delete' && fitting.length >= 100;
  return {
    title: `${choice.words} ${tasks(fitting.length)}?`,
    lines: [`${states}.${others > 0 ? ` ${tasks(others)} of another state stay as they are.` : ''}`, ...choice.lines],
    main: `${choice.words} ${tasks(fitting.length)}`,
    grave: choice.isGrave ?? false,
    typed: isMany ? String(fitting.length) : undefined,
    ...(choice.asksTime && { body: <TimeFields />, run: timeOf }),
  };
}
