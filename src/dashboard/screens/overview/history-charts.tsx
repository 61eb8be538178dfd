import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { Chart, Charts, Chips, clock, dur, Failed, n, type Series } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import type { History, Line, QueueHistory, Span } from './wire.js';

const MINUTE_MS = 60_000;
/** Queues with an area of their own. */
const MOST_QUEUES = 3;

const SPANS = [
  { value: 'hour', label: 'last hour' },
  { value: 'day', label: 'last day' },
  { value: 'week', label: 'last week' },
] as const;

const EVERY_MS: Readonly<Record<Span, number>> = { hour: 20_000, day: 120_000, week: 600_000 };

/** The charts of the last hour, day or week. */
export function HistoryCharts({ workers }: { readonly workers: Snapshot['workers'] }): JSX.Element {
  const { query } = usePlace();
  const { value: span, label } = SPANS.find(({ value }) => value === query.span) ?? SPANS[0];
  const { data, error, again } = useRead<History>('history', { span }, { everyMs: EVERY_MS[span] });
  return (
    <section class="hour">
      <Chips
        label="Time"
        value={span}
        options={SPANS}
        to={(value) => href('overview', undefined, { span: value === 'hour' ? undefined : value })}
      />
      {error && <Failed error={error} again={again} />}
      {data && <Lines history={data} label={label} marks={span === 'hour' ? startsOf(workers) : []} />}
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
      <Chart
        title="Tasks / min"
        between
        marks={marks}
        series={[
          { name: 'in', look: 'ink', values: known(history.in) },
          { name: 'out', look: 'data', values: known(out) },
        ]}
      />
      <Chart title="In the queues" series={depthsOf(history.queues, out.length)} />
      <Chart
        title="Times"
        log
        format={dur}
        series={[
          { name: 'run p50', look: 'ink', values: known(run50) },
          { name: 'p99', look: 'data', values: known(run99) },
          { name: 'wait p99', look: 'dots', values: known(wait99) },
        ]}
      />
      <Chart title={`Deaths${per}`} series={[{ name: 'dead', look: 'bars', state: 'dead', values: known(dead) }]} />
    </Charts>
  );
}

const known = (line: Line): (number | undefined)[] => line.map((value) => value ?? undefined);

/** The largest queues, one on the other, and all others on top. */
function depthsOf(queues: readonly QueueHistory[], length: number): Series[] {
  const size = ({ depth }: QueueHistory): number => Math.max(...depth.map((value) => value ?? 0), 0);
  const sorted = queues.filter((each) => size(each) > 0).sort((a, b) => size(b) - size(a));
  const own = sorted
    .slice(0, MOST_QUEUES)
    .map(({ queue, depth }): Series => ({ name: queue, look: 'layer', values: known(depth) }));
  const others = sorted.slice(MOST_QUEUES);
  if (own.length === 0) return [{ name: 'all', look: 'layer', values: Array.from({ length }, () => 0) }];
  if (others.length === 0) return own;
  const values =
    own[0]?.values.map((_, i) =>
      others.reduce<number | undefined>((sum, { depth }) => add(sum, depth[i]), undefined),
    ) ?? [];
  return [...own, { name: `${n(others.length)} more`, look: 'layer', values }];
}

function add(sum: number | undefined, value: number | null | undefined): number | undefined {
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
