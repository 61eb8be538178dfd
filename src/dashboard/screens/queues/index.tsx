import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { type Column, Depth, dur, Empty, Glyph, n, Rows, Section, Spark } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { Pause, PurgeBar, QueueActions, type QueueLine } from './queue-actions.js';
import { byNeed, faultOf, stateOf } from './queue-words.js';
import type { FlowsAnswer } from './wire.js';

function Queues(): JSX.Element {
  const { snapshot } = useSnapshot();
  const { data: flows } = useRead<FlowsAnswer>('queues/flows', {}, { everyMs: 15_000 });
  if (!snapshot) return <p class="dim">Loading…</p>;
  const queues = [...snapshot.queues].sort(byNeed);
  if (queues.length === 0) {
    return <Empty title="No queue is known yet.">Start a worker: the queues that it serves appear here.</Empty>;
  }
  const waiting = queues.reduce((sum, { pending }) => sum + pending, 0);
  return (
    <>
      <Section title="Queues" hint={`${n(waiting)} tasks wait in ${n(queues.length)}`}>
        <Rows
          label="Queues"
          rows={queues}
          columns={columnsOf(flows)}
          id={({ queue }) => queue}
          to={({ queue }) => href('queue', queue)}
        />
      </Section>
      <PurgeBar />
    </>
  );
}

function columnsOf(flows: FlowsAnswer | undefined): readonly Column<QueueLine>[] {
  const flow =
    (which: 'in' | 'out') =>
    (line: QueueLine): JSX.Element => {
      const values = flows?.queues[line.queue]?.[which].slice(0, -1).map((value) => value ?? 0) ?? [];
      const number = which === 'in' ? line.inPerMinute : line.outPerMinute;
      const state = stateOf(line);
      return (
        <span class="io">
          <Spark values={values} flat={which === 'out' && line.pending > 0 && state !== 'done' ? state : undefined} />
          <span>{number === undefined ? '–' : n(number)}</span>
        </span>
      );
    };
  return [
    { head: 'Queue', cell: (line) => <Name of={line} /> },
    { head: 'Waiting', num: true, cell: ({ pending }) => n(pending) },
    {
      head: '',
      m: 1,
      cell: (line) => <Depth of={line.pending} state={stateOf(line) === 'done' ? undefined : stateOf(line)} />,
    },
    { head: 'Oldest', num: true, cell: (line) => <span class={faultOf(line) && 'fault'}>{waited(line)}</span> },
    { head: 'Scheduled', num: true, m: 1, cell: ({ scheduled }) => some(scheduled) },
    { head: 'In / min', num: true, m: 0, cell: flow('in') },
    { head: 'Out / min', num: true, m: 0, cell: flow('out') },
    { head: 'Workers', num: true, m: 0, cell: ({ workers }) => n(workers) },
    {
      head: 'Dead',
      num: true,
      m: 0,
      cell: ({ dead, queue }) => (dead === 0 ? '–' : <a href={href('dead', undefined, { queue })}>{n(dead)}</a>),
    },
    { head: '', class: 'act', m: 0, cell: (line) => <QueueActions queue={line} small /> },
  ];
}

function Name({ of: line }: { readonly of: QueueLine }): JSX.Element {
  const { queue, paused, pending, scheduled, inPerMinute, outPerMinute } = line;
  const [state, fault] = [stateOf(line), faultOf(line)];
  return (
    <>
      <span class="qn">
        <Glyph of={state} />
        <a class="name" href={href('queue', queue)}>
          {queue}
        </a>
        {fault && <span class="tag dead">{fault}</span>}
        {paused && (
          <span class="tag held">
            <Pause of={paused} />
          </span>
        )}
      </span>
      <span class="sub">
        {pending > 0 && `${n(scheduled)} scheduled, `}
        {inPerMinute === undefined ? '' : `${n(inPerMinute)} in, `}
        {n(outPerMinute)} out a minute
      </span>
    </>
  );
}

export function waited({ pending, waitingMs }: QueueLine): string {
  return pending === 0 && waitingMs === 0 ? '–' : dur(waitingMs);
}

function some(number: number): string {
  return number === 0 ? '–' : n(number);
}

export const screen: Screen = {
  name: 'queues',
  title: 'Queues',
  icon: 'queues',
  view: Queues,
  count: ({ queues }) => {
    const [bad, held] = [queues.filter(faultOf).length, queues.filter(({ paused }) => paused).length];
    if (bad > 0) return { text: n(bad), state: 'dead' };
    return held > 0 ? { text: n(held), state: 'held' } : { text: n(queues.length) };
  },
};
