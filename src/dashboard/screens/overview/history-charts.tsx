import type { JSX } from 'preact';
import { type Reading, useRead } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import {
  Chart,
  Charts,
  clock,
  dur,
  Failed,
  FaultChart,
  FlowChart,
  n,
  type Series,
  type Span,
  Spans,
  useSpan,
} from '../../page/parts/index.js';
import type { History, QueueHistory } from './wire.js';

const MINUTE_MS = 60_000;
/** Queues with an area of their own. */
const MOST_QUEUES = 3;

export const EVERY_MS: Readonly<Record<Span, number>> = { hour: 20_000, day: 120_000, week: 600_000 };

interface HistoryChartsProps {
  /** of the last hour: the table of queues has it too */
  readonly hour: Reading<History>;
  readonly workers: Snapshot['workers'];
}

/** The charts of the last hour, day or week. */
export function HistoryCharts({ hour, workers }: HistoryChartsProps): JSX.Element {
  const span = useSpan();
  const isHour = span === 'hour';
  const longer = useRead<History>(isHour ? undefined : 'history', { span }, { everyMs: EVERY_MS[span] });
  const { data, error, again } = isHour ? hour : longer;
  return (
    <section class="hour">
      <Spans />
      {error && <Failed error={error} again={again} />}
      {data && <Lines history={data} label={`last ${span}`} marks={isHour ? startsOf(workers) : []} />}
    </section>
  );
}

function Lines({
  history,
  label,
  marks,
}: {
  readonly history: History;
  readonly label: string;
  readonly marks: ReturnType<typeof startsOf>;
}): JSX.Element {
  const { first, minutes, out, dead, run50, run99, wait99 } = history;
  const at = out.map((_, i) => first + i * minutes * MINUTE_MS);
  const per = minutes === 1 ? ' / min' : minutes === 60 ? ' / h' : ` / ${minutes} min`;
  return (
    <Charts at={at} label={label}>
      <FlowChart in={history.in} out={out} marks={marks} />
      <Chart title="In the queues" series={depthsOf(history.queues, out.length)} />
      <Chart
        title="Times, estimated"
        log
        format={dur}
        series={[
          { name: 'run p50', look: 'ink', values: run50 },
          { name: 'p99', look: 'data', values: run99 },
          { name: 'wait p99', look: 'dots', values: wait99 },
        ]}
      />
      <FaultChart title={`Deaths${per}`} name="dead" values={dead} />
    </Charts>
  );
}

/** The largest queues, one on the other, and all others on top. */
function depthsOf(queues: readonly QueueHistory[], length: number): Series[] {
  const size = ({ depth }: QueueHistory): number => Math.max(...depth.map((value) => value ?? 0), 0);
  const sorted = queues.filter((each) => size(each) > 0).sort((a, b) => size(b) - size(a));
  const own = sorted
    .slice(0, MOST_QUEUES)
    .map(({ queue, depth }): Series => ({ name: queue, look: 'layer', values: depth }));
  const others = sorted.slice(MOST_QUEUES);
  if (own.length === 0) return [{ name: 'all', look: 'layer', values: Array.from({ length }, () => 0) }];
  if (others.length === 0) return own;
  const values = others.map(({ depth }) => depth).reduce((sum, depth) => sum.map((value, i) => add(value, depth[i])));
  return [...own, { name: `${n(others.length)} more`, look: 'layer', values }];
}

function add(sum: number | null, value: number | null | undefined): number | null {
  return value === null || value === undefined ? sum : (sum ?? 0) + value;
}

/** Workers that started within the hour: often that is why something has changed. The latest two times. */
function startsOf(workers: Snapshot['workers']): { readonly at: number; readonly text: string }[] {
  const starts = new Map<number, string[]>();
  for (const { startedAt, host } of workers) {
    if (startedAt === undefined) continue;
    const minute = Math.floor(Date.parse(startedAt) / MINUTE_MS) * MINUTE_MS;
    starts.set(minute, [...(starts.get(minute) ?? []), host]);
  }
  return [...starts]
    .sort(([a], [b]) => b - a)
    .slice(0, 2)
    .map(([at, hosts]) => {
      const who = hosts.length === 1 ? hosts[0] : `${hosts.length} workers`;
      return { at, text: `${clock(at, { seconds: false })} ${who} started` };
    });
}
