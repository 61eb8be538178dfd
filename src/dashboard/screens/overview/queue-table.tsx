import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { type Column, Depth, dur, Glyph, n, Rows, Section, Spark, type StateName } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import type { History, Line } from './wire.js';

type Queue = Snapshot['queues'][number];

/** More are on the page of the queues. */
const MOST = 20;

interface Row extends Queue {
  readonly fault: { readonly state: StateName; readonly words: string } | undefined;
  readonly flow: History['queues'][number] | undefined;
}

/** The queues, those that need somebody first. */
export function QueueTable({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { data } = useRead<History>('history', { span: 'hour' }, { everyMs: 20_000 });
  const rows = snapshot.queues.map(
    (queue): Row => ({
      ...queue,
      fault: faultOf(queue, snapshot),
      flow: data?.queues.find((each) => each.queue === queue.queue),
    }),
  );
  const rank = ({ fault }: Row): number => (fault?.state === 'dead' ? 0 : fault ? 1 : 2);
  // by name within; a long list begins with those that have most to do
  const shown =
    rows.length > MOST
      ? rows.sort((a, b) => rank(a) - rank(b) || b.pending - a.pending).slice(0, MOST)
      : rows.sort((a, b) => rank(a) - rank(b));
  const side = (
    <a class="link dim" href={href('queues')}>
      all {n(rows.length)}
    </a>
  );
  return (
    <Section class="full" title="Queues" side={side}>
      <Rows
        label="Queues"
        rows={shown}
        columns={COLUMNS}
        id={({ queue }) => queue}
        to={({ queue }) => href('queue', queue)}
        state={({ fault }) => fault?.state}
      />
    </Section>
  );
}

function faultOf({ queue, paused, healthy, served, workers, pending }: Queue, { findings }: Snapshot): Row['fault'] {
  if (paused) return { state: 'held', words: `paused by ${paused.by}` };
  if (findings.some((finding) => finding.code === 'queue-unserved' && finding.queue === queue))
    return { state: 'dead', words: 'nobody consumes' };
  if (pending > 0 && !(served && workers > 0) && findings.some(({ code }) => code === 'no-worker'))
    return { state: 'dead', words: 'nobody consumes' };
  return healthy ? undefined : { state: 'dead', words: 'late' };
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
  { head: 'Waiting', num: true, cell: ({ pending }) => n(pending) },
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
