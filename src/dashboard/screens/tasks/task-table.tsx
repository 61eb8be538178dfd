import type { JSX } from 'preact';
import { useSnapshot } from '../../page/live.js';
import { Ago, ArgumentLine, type Column, Rows, State, type StateName } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import type { TaskRow } from './wire.js';

interface TaskTableProps {
  readonly label: string;
  readonly rows: readonly TaskRow[];
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
}

/** The state of a row: a limit may hold it back, and a pause what waits in its queue. */
function Shown({ row, isPaused }: { readonly row: TaskRow; readonly isPaused: boolean }): JSX.Element {
  const { state } = row;
  if (state === 'quarantined') return <State of="held" word="quarantined" />;
  return <State of={row.heldBack || (state === 'pending' && isPaused) ? 'held' : (state as StateName)} />;
}

/** Tasks as rows that can be opened and selected. */
export function TaskTable({ label, rows, selected, onSelect }: TaskTableProps): JSX.Element {
  const { snapshot } = useSnapshot();
  const paused = new Set(snapshot?.queues.filter((one) => one.paused).map(({ queue }) => queue));
  const columns: readonly Column<TaskRow>[] = [
    { head: 'State', cell: (row) => <Shown row={row} isPaused={paused.has(row.queue)} />, class: 'c-st' },
    {
      head: 'Task',
      cell: (row) => (
        <>
          <a class="name" href={href('task', row.id)}>
            {row.task ?? 'no task: foreign bytes'}
          </a>
          <span class="sub mono">
            …{row.id.slice(-6)} {row.args && <ArgumentLine line={row.args} />}
          </span>
        </>
      ),
      class: 'c-n',
    },
    {
      head: 'Id',
      cell: ({ id }) => (
        <span class="mono dim" data-tip={id}>
          <span class="dimmer">{id.slice(0, 4)}…</span>
          {id.slice(12)}
        </span>
      ),
      m: 1,
      width: 132,
    },
    { head: 'Queue', cell: ({ queue }) => <span class="dim">{queue}</span>, m: 2, width: 96 },
    {
      head: 'Arguments',
      cell: ({ args }) => <span class="mono args dim">{args ? <ArgumentLine line={args} /> : '–'}</span>,
      m: 0,
    },
    { head: 'Attempt', cell: ({ attempt }) => <span class="dim">{attempt ?? '–'}</span>, num: true, m: 1, width: 72 },
    { head: 'Where', cell: ({ where }) => <span class="dim">{where ?? '–'}</span>, m: 2, width: 132, class: 'gap' },
    {
      head: 'Since, or due',
      cell: ({ at, state }) => (at ? <Ago at={at} form={state === 'scheduled' ? 'ago' : 'for'} /> : '–'),
      num: true,
      class: 'c-a',
    },
  ];
  return (
    <Rows
      class="tasks"
      label={label}
      rows={rows}
      columns={columns}
      id={({ id }) => id}
      to={({ id }) => href('task', id)}
      {...(selected && onSelect && { selected, onSelect })}
    />
  );
}
