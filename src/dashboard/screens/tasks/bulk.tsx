import type { JSX } from 'preact';
import type { ActionQuestion } from '../../http/question.js';
import { get } from '../../page/api.js';
import { ask, BulkFrame, counted, Do, n, startBulk, useBulk } from '../../page/parts/index.js';
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
  readonly isGrave?: boolean;
  readonly asksTime?: boolean;
}

const LIVING: readonly RowState[] = ['pending', 'quarantined', 'scheduled', 'active'];

const CHOICES: readonly Choice[] = [
  { words: 'Run now', right: 'reschedule', path: 'tasks/run', states: ['scheduled'], past: 'Moved' },
  { words: 'Move to', right: 'reschedule', path: 'tasks/move', states: ['scheduled'], past: 'Moved', asksTime: true },
  { words: 'Cancel', right: 'cancel', path: 'tasks/cancel', states: LIVING, past: 'Cancelled', isGrave: true },
  { words: 'Redrive', right: 'redrive', path: 'dead/redrive-many', states: ['dead'], past: 'Redriven' },
  { words: 'Delete', right: 'delete', path: 'dead/delete-many', states: ['dead'], past: 'Deleted', isGrave: true },
];

interface TaskBulkProps {
  readonly rows: readonly TaskRow[];
  readonly selected: ReadonlySet<string>;
  readonly clear: () => void;
}

/** What can be done to the selected tasks. */
export function TaskBulk({ rows, selected, clear }: TaskBulkProps): JSX.Element | null {
  const isTaken = useBulk();
  const chosen = rows.filter(({ id }) => selected.has(id));
  if (isTaken || chosen.length === 0) return null;
  const start = async (choice: Choice): Promise<void> => {
    const { past, path, states, asksTime } = choice;
    const fitting = chosen.filter(({ state }) => states.includes(state));
    const question = await get<ActionQuestion>(path, { count: fitting.length });
    const fields = await ask({
      ...question,
      lines: [statesOf(fitting, chosen.length), ...question.lines],
      ...(asksTime && { body: <TimeFields />, run: timeOf }),
    });
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

/** `2 pending, 1 active.` */
function statesOf(fitting: readonly TaskRow[], all: number): string {
  const states = [...new Set(fitting.map(({ state }) => state))]
    .map((state) => `${n(fitting.filter((row) => row.state === state).length)} ${state}`)
    .join(', ');
  const others = all - fitting.length;
  return `${states}.${others > 0 ? ` ${counted(others, 'task')} of another state stay as they are.` : ''}`;
}
