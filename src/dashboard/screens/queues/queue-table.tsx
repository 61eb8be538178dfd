import type { JSX } from 'preact';
import {
  All,
  type Column,
  Depth,
  dur,
  Glyph,
  n,
  Rows,
  Section,
  Spark,
  type StateName,
} from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import type { History, Line } from '../overview/wire.js';
import { QueueActions, type QueueLine } from './queue-actions.js';
import { byNeed, faultOf, stateOf } from './queue-words.js';

interface Row extends QueueLine {
  readonly fault: { readonly state: StateName; readonly words: string } | undefined;
  readonly flow: History['queues'][number] | undefined;
}

interface QueueTableProps {
  readonly queues: readonly QueueLine[];
  /** of the last hour */
  readonly history: History | undefined;
  /** rows at most */
  readonly most?: number;
  /** beside the title, in second ink */
  readonly hint?: string;
  /** whether this is the page of the queues: with its actions, and without a link to itself */
  readonly isPage?: boolean;
}

/** The queues, those that need somebody first; by name within. A list that is cut begins with those that have most to do. */
export function QueueTable({ queues, history, most = Infinity, hint, isPage = false }: QueueTableProps): JSX.Element {
  const rows = [...queues]
    .sort((a, b) => byNeed(a, b) || (queues.length > most ? b.pending - a.pending : 0))
    .slice(0, most)
    .map((queue): Row => {
      const words = queue.paused ? `paused by ${queue.paused.by}` : faultOf(queue);
      return {
        ...queue,
        fault: words === undefined ? undefined : { state: stateOf(queue), words },
        flow: history?.queues.find((each) => each.queue === queue.queue),
      };
    });
  const side = isPage ? undefined : <All of="queues" count={queues.length} />;
  return (
    <Section class="full" title="Queues" isPage={isPage} hint={hint} side={side}>
      <Rows
        label="Queues"
        rows={rows}
        columns={isPage ? [...COLUMNS, ACTIONS] : COLUMNS}
        id={({ queue }) => queue}
        to={({ queue }) => href('queue', queue)}
        state={({ fault }) => fault?.state}
      />
    </Section>
  );
}

/** The last point may not be known yet; a gap before it is drawn as nothing. */
const numbers = (line: Line): number[] =>
  line.slice(0, line.findLastIndex((value) => value !== null) + 1).map((value) => value ?? 0);

const rate = (value: number | undefined): string => (value === undefined ? '–' : n(value));

const COLUMNS: readonly Column<Row>[] = [
  {
    head: 'Queue',
    cell: ({ queue, fault }) => (
      <span class="row">
        <Glyph of={fault?.state ?? 'done'} />
        <span class="grow">
          <a class="name" href={href('queue', queue)}>
            {queue}
          </a>{' '}
          {fault && <span class={`tag ${fault.state} m1`}>{fault.words}</span>}
          {fault && <span class="sub">{fault.words}</span>}
        </span>
      </span>
    ),
    class: 'two',
  },
  {
    head: 'Waiting',
    num: true,
    cell: ({ pending, heldBack }) => (
      <span data-tip={heldBack ? `${n(heldBack)} held back` : undefined}>{n(pending)}</span>
    ),
  },
  {
    head: <span class="sr">Depth</span>,
    m: 0,
    cell: ({ pending, fault }) => <Depth of={pending} state={fault?.state} />,
  },
  {
    head: 'Oldest',
    num: true,
    cell: ({ waitingMs, fault }) => (
      <span class={fault?.state === 'dead' ? 'num-dead' : ''}>{waitingMs > 0 ? dur(waitingMs) : '–'}</span>
    ),
  },
  { head: 'Scheduled', num: true, m: 1, cell: ({ scheduled }) => (scheduled ? n(scheduled) : '–') },
  {
    head: 'In / min',
    num: true,
    m: 0,
    class: 'gap',
    cell: ({ flow, inPerMinute }) => (
      <div class="io">
        {flow && <Spark values={numbers(flow.in)} />}
        <span>{rate(inPerMinute)}</span>
      </div>
    ),
  },
  {
    head: 'Out / min',
    num: true,
    class: 'gap',
    cell: ({ flow, outPerMinute, fault, pending }) => (
      <div class="io">
        {flow && <Spark values={numbers(flow.out)} flat={fault && pending > 0 ? fault.state : undefined} />}
        <span class={fault && outPerMinute === 0 && pending > 0 ? `num-${fault.state}` : ''}>{rate(outPerMinute)}</span>
      </div>
    ),
  },
  {
    head: 'Workers',
    num: true,
    m: 0,
    class: 'gap',
    cell: ({ workers, pending }) => <span class={workers === 0 && pending > 0 ? 'num-dead' : ''}>{n(workers)}</span>,
  },
  {
    head: 'Dead',
    num: true,
    m: 1,
    cell: ({ dead, queue }) => (dead ? <a href={href('dead', undefined, { queue })}>{n(dead)}</a> : '–'),
  },
];

const ACTIONS: Column<Row> = { head: '', class: 'act', m: 1, cell: (queue) => <QueueActions queue={queue} small /> };
