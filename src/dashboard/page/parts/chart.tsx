import { type ComponentChildren, createContext, type JSX } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { linear, logarithmic, type Scale } from './scale.js';
import { clock, day, n } from './times.js';

const W = 600;
const H = 100;
const DAY_MS = 86_400_000;

/** A value that nobody knows is a gap. JSON has null for it. */
export type Values = readonly (number | null | undefined)[];
type Known = readonly (number | undefined)[];

export interface Series {
  readonly name: string;
  readonly values: Values;
  /** `ink` and `data`: lines; `dots`: a dotted line; `area`: a line on a ground; `bars`; `layer`: areas one on the other */
  readonly look: 'ink' | 'data' | 'dots' | 'area' | 'bars' | 'layer';
  /** `dead`: bars in the colour of the fault */
  readonly state?: 'dead' | undefined;
}

interface Axis {
  /** the beginning of each point, in ms since 1970 */
  readonly at: readonly number[];
  /** `last hour`, for screen readers */
  readonly label: string;
  readonly reading: number | undefined;
  readonly read: (index: number | undefined) => void;
}

const Shared = createContext<Axis | undefined>(undefined);

/** Charts with one axis of time: pointer and arrow keys read the same moment in all of them. */
export function Charts({
  at,
  label,
  children,
}: Pick<Axis, 'at' | 'label'> & { readonly children: ComponentChildren }): JSX.Element {
  const [reading, read] = useState<number>();
  return (
    <Shared.Provider value={{ at, label, reading, read }}>
      <div class={`charts ${reading === undefined ? '' : 'reading'}`} onPointerLeave={() => read(undefined)}>
        {children}
      </div>
    </Shared.Provider>
  );
}

interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** how a value is written */
  readonly format?: (value: number) => string;
  /** powers of ten on the axis: for times */
  readonly log?: boolean;
  /** shades the difference of the first two series: amber where the first is larger */
  readonly between?: boolean;
  /** events, by time */
  readonly marks?:
    | readonly { readonly at: number; readonly text: string; readonly state?: 'dead' | undefined }[]
    | undefined;
}

/** A chart of one thing over time. It stands within `Charts`. */
export function Chart({ title, series: given, format = n, log, between, marks = [] }: ChartProps): JSX.Element {
  const axis = useContext(Shared);
  if (!axis) throw new Error('A chart stands within Charts.');
  const { at, label, reading, read } = axis;
  const length = at.length;
  const series = given.map((each) => ({ ...each, values: each.values.map((value) => value ?? undefined) }));
  const stacked = stack(series);
  const known = stacked.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const scale = log ? logarithmic(known) : linear(known, { fromZero: !between });
  const x = (index: number): number => ((index + 0.5) / length) * 100;
  const written = ({ values }: Line, index = values.findLastIndex((value) => value !== undefined)): string => {
    const value = values[index];
    return value === undefined ? '–' : format(value);
  };
  const said = (index?: number): string => series.map((each) => `${each.name} ${written(each, index)}`).join(', ');
  const step = (key: string): number | undefined => {
    const here = reading ?? length - 1;
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: length - 1 }[key];
    return to === undefined ? undefined : Math.max(0, Math.min(length - 1, to));
  };
  const isLong = length > 1 && (at.at(-1) ?? 0) - (at[0] ?? 0) > 2 * DAY_MS;
  const when = (index: number): string =>
    (isLong ? day : (time: number) => clock(time, { seconds: false }))(at[index] ?? 0);
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        {series.map((each, i) => (
          <span key={each.name} class={`key ${each.look} ${each.state ?? ''} s${i}`}>
            {each.name} <output>{written(each, reading)}</output>
          </span>
        ))}
      </figcaption>
      <div
        class="plot"
        tabIndex={0}
        role="slider"
        aria-label={`${title}, ${label}`}
        aria-valuemin={0}
        aria-valuemax={length - 1}
        aria-valuenow={reading ?? length - 1}
        aria-valuetext={`${when(reading ?? length - 1)}: ${said(reading)}`}
        onKeyDown={(event) => {
          const to = step(event.key);
          if (to !== undefined) {
            event.preventDefault();
            read(to);
          } else if (event.key === 'Escape') read(undefined);
        }}
        onBlur={() => read(undefined)}
        onPointerMove={(event) => {
          const { left, width } = event.currentTarget.getBoundingClientRect();
          read(Math.max(0, Math.min(length - 1, Math.floor(((event.clientX - left) / width) * length))));
        }}
      >
        <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" aria-hidden="true">
          {scale.grid.map((value) => (
            <path key={value} class="gr" d={`M0 ${H - scale.at(value) * H}H${W}`} />
          ))}
          {between && <Between a={series[0]?.values ?? []} b={series[1]?.values ?? []} scale={scale} />}
          {[...stacked].reverse().map((each) => (
            <Shape key={each.name} {...each} scale={scale} />
          ))}
        </svg>
        {scale.grid.map((value) => (
          <span key={value} class="y" style={{ top: `${(1 - scale.at(value)) * 100}%` }}>
            {log && value >= 1e5 && value < 1e8 ? `${n(value / 1e3)} s` : format(value)}
          </span>
        ))}
        {marks
          .filter((mark) => mark.at >= (at[0] ?? 0))
          .map((mark) => (
            <div
              key={mark.text}
              class={`mark ${mark.state ?? ''} ${placeOf(mark.at, at) > 55 ? 'left' : ''}`}
              style={{ left: `${placeOf(mark.at, at)}%` }}
            >
              <span>{mark.text}</span>
            </div>
          ))}
        {reading !== undefined && (
          <div class={`cross ${reading > length / 2 ? 'left' : ''}`} style={{ left: `${x(reading)}%` }}>
            <span>{when(reading)}</span>
          </div>
        )}
      </div>
      <div class="x">
        {/* of a date and a time there is room for the date */}
        {[0, 0.25, 0.5, 0.75, 1].map((part) => (
          <span key={part}>{when(Math.round(part * (length - 1))).slice(0, 5)}</span>
        ))}
      </div>
    </figure>
  );
}

function placeOf(time: number, at: readonly number[]): number {
  const [first = 0, last = 1] = [at[0], at.at(-1)];
  return Math.min(100, ((time - first) / Math.max(last - first, 1)) * 100);
}

interface Line extends Series {
  readonly values: Known;
}

interface Stacked extends Line {
  readonly order: number;
  /** the ground of an area; the axis without it */
  readonly base?: Known | undefined;
}

function stack(series: readonly Line[]): Stacked[] {
  let base: Known | undefined;
  return series.map((each, order) => {
    if (each.look !== 'layer') return { ...each, order };
    const below = base;
    base = each.values.map((value, i) => (value === undefined ? undefined : value + (below?.[i] ?? 0)));
    return { ...each, order, values: base, base: below };
  });
}

/** Runs of known values: a path must not lead over a gap. */
function runs(values: Known): number[][] {
  const all: number[][] = [];
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    const run = all.at(-1);
    if (run?.at(-1) === i - 1) run.push(i);
    else all.push([i]);
  }
  return all;
}

function Shape({ values, base, look, state, order, scale }: Stacked & { readonly scale: Scale }): JSX.Element {
  const width = W / values.length;
  const x = (i: number): string => ((i + 0.5) * width).toFixed(1);
  const y = (value: number | undefined): string => (H - scale.at(value ?? 0) * H).toFixed(1);
  const name = `${look} ${state ?? ''} s${order}`;
  if (look === 'bars') {
    const bars = values.flatMap((value, i) =>
      value ? [`M${(i * width + 1).toFixed(1)} ${H}V${y(value)}h${(width - 2).toFixed(1)}V${H}z`] : [],
    );
    return <path class={`ba ${name}`} d={bars.join('')} />;
  }
  const lines = runs(values).map((run) => run.map((i) => `${x(i)} ${y(values[i])}`));
  const isFilled = look === 'area' || look === 'layer';
  const grounds = runs(values).map((run) => run.toReversed().map((i) => `${x(i)} ${base ? y(base[i]) : H}`));
  return (
    <>
      {isFilled && (
        <path
          class={`area ${name}`}
          d={lines.map((line, i) => `M${[...line, ...(grounds[i] ?? [])].join('L')}z`).join('')}
        />
      )}
      {/* a single point is a dot: its line has no length */}
      <path
        class={`ln ${name}`}
        d={lines.map((line) => `M${line.join('L')}${line.length === 1 ? 'h.1' : ''}`).join('')}
      />
    </>
  );
}

/** What came in more than went out is amber; what went out more is green. */
function Between({ a, b, scale }: { readonly a: Known; readonly b: Known; readonly scale: Scale }): JSX.Element {
  const width = W / Math.max(a.length, 1);
  const bars = { more: '', less: '' };
  for (const [i, first] of a.entries()) {
    const second = b[i];
    if (first === undefined || second === undefined || first === second) continue;
    const [from, to] = [H - scale.at(first) * H, H - scale.at(second) * H].map((value) => value.toFixed(1));
    bars[first > second ? 'more' : 'less'] +=
      `M${(i * width).toFixed(1)} ${from}h${width.toFixed(1)}V${to}h-${width.toFixed(1)}z`;
  }
  return (
    <>
      <path class="diff more" d={bars.more} />
      <path class="diff less" d={bars.less} />
    </>
  );
}

interface FlowChartProps {
  readonly in: Values;
  readonly out: Values;
  readonly marks?: ChartProps['marks'];
}

/** What came in, and what went out. */
export function FlowChart({ in: came, out, marks }: FlowChartProps): JSX.Element {
  const series = [
    { name: 'in', values: came, look: 'ink' },
    { name: 'out', values: out, look: 'data' },
  ] as const;
  return <Chart title="Tasks / min" between series={series} marks={marks} />;
}

/** Faults, as bars. */
export function FaultChart({ title, name, values }: Omit<Series, 'look'> & { readonly title: string }): JSX.Element {
  return <Chart title={title} series={[{ name, values, look: 'bars', state: 'dead' }]} />;
}
