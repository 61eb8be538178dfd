import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ActionQuestion } from '../../http/question.js';
import { get } from '../../page/api.js';
import { ask, BulkFrame, counted, Do, n, startBulk, useBulk } from '../../page/parts/index.js';
import type { Query } from '../../page/router.js';
import type { DashboardAction } from '../../page/session.js';
import { actOnAll } from '../dead/act.js';
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
  /** of the address */
  readonly query: Query;
  /** whether more may match than is shown */
  readonly isPart: boolean;
  readonly clear: () => void;
}

/** What can be done to the selected tasks. */
export function TaskBulk({ rows, selected, query, isPart, clear: unselect }: TaskBulkProps): JSX.Element | null {
  const isTaken = useBulk();
  const [isAll, setAll] = useState(false);
  const clear = (): void => {
    setAll(false);
    unselect();
  };
  const { state, error, older, ...rest } = query;
  const only = error || older ? 'dead' : state;
  const chosen = rows.filter(({ id }) => selected.has(id));
  if (isTaken || chosen.length === 0) return null;
  const start = async (choice: Choice): Promise<void> => {
    const { past, path, states, asksTime } = choice;
    const time = asksTime && { fields: <TimeFields />, more: timeOf };
    if (isAll) {
      const isDead = states.includes('dead');
      const of = isDead ? { ...rest, error, until: older } : { ...rest, state };
      const under = isDead ? {} : { under: `${past}: looked at` };
      return actOnAll({ path, past, query: of, done: clear, ...under, ...time });
    }
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
      <b class="grow">{isAll ? 'All that match' : `${n(chosen.length)} selected`}</b>
      {isPart && !isAll && (
        <button type="button" class="bare" onClick={() => setAll(true)}>
          Select all that match
        </button>
      )}
      <button type="button" class="bare" onClick={clear}>
        Clear
      </button>
      {CHOICES.filter(({ states }) =>
        isAll ? !only || states.includes(only as RowState) : chosen.some(({ state }) => states.includes(state)),
      ).map((choice) => (
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
